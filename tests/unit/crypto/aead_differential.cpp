#include "tests/unit/crypto/aead_differential.h"

#include <algorithm>

namespace wring::test {
namespace {

constexpr std::size_t kPoolSize = 1U << 16;
constexpr std::size_t kTrailingGuard = 80;  // more than a vector register holds
constexpr std::uint8_t kGuardByte = 0xa5;

bool is_guard(std::uint8_t byte) {
  return byte == kGuardByte;
}

}  // namespace

AeadDifferential::AeadDifferential(std::uint64_t seed) : engine_(seed), pool_(kPoolSize) {
  for (std::uint8_t& byte : pool_)
    byte = static_cast<std::uint8_t>(engine_());
}

bool AeadDifferential::Packet::guards_stand() const {
  const auto begin = buffer.begin() + static_cast<std::ptrdiff_t>(guard);
  const auto end = begin + static_cast<std::ptrdiff_t>(expected.size());
  return std::all_of(buffer.begin(), begin, is_guard) && std::all_of(end, buffer.end(), is_guard);
}

ByteSpan AeadDifferential::random_bytes(std::size_t size) {
  return ByteSpan(pool_).subspan(below(kPoolSize - size), size);
}

std::uint64_t AeadDifferential::random_counter() {
  switch (below(3)) {
    case 0:
      return below(100);
    case 1:
      return (below(4) << 32) - 20 + below(40);  // around a wrap of the lower half
    default:
      return engine_();
  }
}

void AeadDifferential::make_packet(Packet& packet, std::size_t size) {
  packet.key = &keys_[below(keys_.size())];
  packet.counter = random_counter();
  packet.in_place = below(2) == 0;
  packet.forged = false;
  const ByteSpan plaintext = random_bytes(size);
  packet.plaintext.assign(plaintext.begin(), plaintext.end());
  packet.expected.resize(size + 16);
  aead_seal(*packet.key, packet.counter, packet.plaintext, {}, packet.expected);
  packet.guard = below(80);
  packet.buffer.assign(packet.guard + size + 16 + below(kTrailingGuard), kGuardByte);
}

void AeadDifferential::make_batch() {
  for (SymmetricKey& key : keys_)
    store(key.writable(), load<Bytes<32>>(random_bytes(32)));
  count_ = 1 + below(below(8) == 0 ? 140 : 40);
  packets_.resize(std::max(count_, packets_.size()));
  // Batches of one size, of small packets, and of any.
  const std::uint64_t kind = below(4);
  const std::size_t one_size = below(kLargest + 1);
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t any = below(kind == 1 ? 200 : kLargest + 1);
    make_packet(packets_[i], kind == 0 ? one_size : any);
  }
}

std::string AeadDifferential::run_batch(AeadEngine& engine) {
  make_batch();
  std::string wrong = seal_batch(engine);
  return wrong.empty() ? open_batch(engine) : wrong;
}

std::string AeadDifferential::seal_batch(AeadEngine& engine) {
  std::vector<SealJob> jobs;
  for (Packet& packet : std::span(packets_).first(count_)) {
    ByteSpan from = packet.plaintext;
    if (packet.in_place) {
      from = packet.sealed().first(from.size());
      std::copy(packet.plaintext.begin(), packet.plaintext.end(), packet.sealed().begin());
    }
    jobs.push_back({packet.key, packet.counter, from, packet.sealed()});
  }
  engine.seal(jobs);
  for (Packet& packet : std::span(packets_).first(count_)) {
    const std::string what = std::to_string(packet.plaintext.size()) + " bytes, sealed";
    if (!std::ranges::equal(packet.sealed(), packet.expected)) return what + " wrongly";
    if (!packet.guards_stand()) return what + " beyond their end";
  }
  return {};
}

// Anything at all may have been changed: a bit of the packet or its tag, its key or its counter.
void AeadDifferential::forge(Packet& packet) {
  packet.forged = true;
  switch (below(4)) {
    case 0:
      packet.sealed().last(16)[below(16)] ^= static_cast<std::uint8_t>(1U << below(8));
      break;
    case 1:
      packet.sealed()[below(packet.expected.size())] ^= static_cast<std::uint8_t>(1U << below(8));
      break;
    case 2:
      packet.counter ^= std::uint64_t{1} << below(64);
      break;
    default:
      std::ranges::fill(packet.sealed().last(16), std::uint8_t{0});
      break;
  }
}

std::string AeadDifferential::open_batch(AeadEngine& engine) {
  std::vector<OpenJob> jobs;
  for (Packet& packet : std::span(packets_).first(count_)) {
    if (below(8) == 0) forge(packet);
    jobs.push_back({packet.key, packet.counter, packet.sealed(), below(2) == 0});
  }
  engine.open(jobs);
  for (std::size_t i = 0; i < count_; ++i) {
    Packet& packet = packets_[i];
    const std::string what = std::to_string(packet.plaintext.size()) + " bytes, opened";
    if (jobs[i].authentic == packet.forged) {
      return what + (packet.forged ? " though forged" : " and found forged");
    }
    if (!packet.guards_stand()) return what + " beyond their end";
    if (!packet.forged &&
        !std::ranges::equal(packet.sealed().first(packet.plaintext.size()), packet.plaintext)) {
      return what + " wrongly";
    }
  }
  return {};
}

}  // namespace wring::test
