// Makes TAI64N labels from the wall clock.
#include "noise/tai64n.h"

#include <chrono>

namespace wring {
namespace {

// TAI64 labels count from 2^62, and 1970 began 10 s of leap seconds into TAI. Later leap seconds
// are left out, as every implementation does: only the order of the stamps matters.
constexpr std::uint64_t kUnixEpoch = (1ULL << 62) + 10;
constexpr std::uint32_t kWhitened = (1U << 24) - 1;
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

struct Tai64nFields {
  Be<std::uint64_t> seconds;
  Be<std::uint32_t> nanoseconds;
};
static_assert(sizeof(Tai64nFields) == 12);

}  // namespace

Tai64n tai64n_from(WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  Tai64nFields fields;
  fields.seconds = kUnixEpoch + static_cast<std::uint64_t>(seconds.time_since_epoch().count());
  fields.nanoseconds = static_cast<std::uint32_t>((now - seconds).count()) & ~kWhitened;
  return Tai64n{load<Bytes<12>>(as_bytes(fields))};
}

Tai64n successor(const Tai64n& stamp) {
  auto fields = load<Tai64nFields>(stamp.bytes);
  const std::uint32_t next = (fields.nanoseconds | kWhitened) + 1;
  if (next < kNanosecondsPerSecond) {
    fields.nanoseconds = next;
  } else {
    fields.seconds = fields.seconds + 1;
    fields.nanoseconds = 0;
  }
  return Tai64n{load<Bytes<12>>(as_bytes(fields))};
}

}  // namespace wring
