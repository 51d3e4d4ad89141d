// Memory for lwIP from the C library, up to a bound. Also chance, sums, and failed assertions.
#include "stack/lwip_memory.h"

#include <arch/cc.h>
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <array>
#include <bit>
#include <cstdlib>

#include "base/rng.h"
#include "ip/checksum.h"

namespace wring::stack {
namespace {

std::size_t used = 0;

void* counted(void* memory) {
  if (memory != nullptr) used += malloc_usable_size(memory);
  return memory;
}

}  // namespace

std::size_t memory_used() {
  return used;
}

}  // namespace wring::stack

void* wring_lwip_malloc(size_t size) {
  using namespace wring::stack;
  if (size > kMostMemory - std::min(used, kMostMemory)) return nullptr;
  return counted(std::malloc(size));
}

void* wring_lwip_calloc(size_t count, size_t size) {
  using namespace wring::stack;
  if (size != 0 && count > kMostMemory / size) return nullptr;
  if (count * size > kMostMemory - std::min(used, kMostMemory)) return nullptr;
  return counted(std::calloc(count, size));
}

void wring_lwip_free(void* memory) {
  if (memory == nullptr) return;
  wring::stack::used -= malloc_usable_size(memory);
  std::free(memory);
}

// Asked for at the begin of each connection.
uint32_t wring_lwip_random() {
  constexpr std::size_t kAtOnce = 64;
  static wring::SystemRng random;
  static std::array<std::uint32_t, kAtOnce> ready;
  static std::size_t left = 0;
  if (left == 0) {
    ready = std::bit_cast<decltype(ready)>(random.bytes<sizeof ready>());
    left = kAtOnce;
  }
  return ready[--left];
}

uint16_t wring_lwip_checksum(const void* bytes, int size) {
  wring::InternetChecksum sum;
  sum.add({static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)});
  const std::uint16_t in_host_order = sum.partial();
  return std::endian::native == std::endian::big ? in_host_order : wring::byte_swap(in_host_order);
}

void wring_lwip_assertion_failed(const char* what, const char* file, int line) {
  spdlog::critical("lwIP: {} ({}:{})", what, file, line);
  std::abort();
}
