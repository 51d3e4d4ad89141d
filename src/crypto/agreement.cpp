// Computes Curve25519 products, in vector lanes where the processor has them.
#include "crypto/agreement.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#ifdef WRING_X86_64
#include "crypto/avx512.h"
#include "crypto/x25519_lanes.h"
#include "crypto/x25519_narrow.h"
#endif

namespace wring {
namespace {

void agree_one_by_one(std::span<const Agreement> agreements) {
  for (const Agreement& each : agreements) {
    std::uint8_t* secret = each.secret->writable().data();
    const std::uint8_t* ours = each.ours->reveal().data();
    // libsodium has a table for the base point.
    const int status = *each.theirs == kBasePoint
                           ? crypto_scalarmult_curve25519_base(secret, ours)
                           : crypto_scalarmult_curve25519(secret, ours, each.theirs->data());
    // libsodium may write nothing for a point of low order.
    if (status != 0) each.secret->wipe();
  }
}

#ifdef WRING_X86_64

// Products in the lanes of a processor's vectors.
struct Lanes {
  std::size_t count;
  // So many products, computed one by one, cost as much.
  std::size_t pay_from;
  void (*compute)(std::span<const X25519Lane>);
};
constexpr Lanes kAvx512{kX25519Lanes, 2, x25519_lanes};
constexpr Lanes kAvx2{kX25519NarrowLanes, 3, x25519_narrow};

void agree_in(const Lanes& kind, std::span<const Agreement> agreements) {
  std::array<X25519Lane, kX25519Lanes> lanes;
  std::transform(agreements.begin(), agreements.end(), lanes.begin(), [](const Agreement& each) {
    return X25519Lane{each.ours->reveal(), *each.theirs, each.secret->writable()};
  });
  kind.compute(std::span(lanes).first(agreements.size()));
}

// Known answers: every lane with a key and a point of its own, one of low order among them.
bool agree_with_libsodium(const Lanes& kind) {
  std::array<PrivateKey, kX25519Lanes> keys;
  std::array<Bytes<32>, kX25519Lanes> points;
  std::array<SharedSecret, kX25519Lanes> expected;
  std::array<SharedSecret, kX25519Lanes> found;
  std::array<Agreement, kX25519Lanes> agreements;
  std::uint8_t next = 7;
  for (std::size_t lane = 0; lane < kind.count; ++lane) {
    for (std::uint8_t& byte : keys[lane].writable())
      byte = next = static_cast<std::uint8_t>(next * 151 + 7);
    // The last point is zero.
    for (std::uint8_t& byte : points[lane])
      byte = lane + 1 < kind.count ? next = static_cast<std::uint8_t>(next * 151 + 7) : 0;
    agreements[lane] = {&keys[lane], &points[lane], &expected[lane]};
  }
  const auto used = std::span<Agreement>(agreements).first(kind.count);
  agree_one_by_one(used);
  for (std::size_t lane = 0; lane < kind.count; ++lane)
    used[lane].secret = &found[lane];
  agree_in(kind, used);
  return found == expected;
}

// Null where the processor has none that give the right answers.
const Lanes* lanes_here() {
  static const Lanes* const found = []() -> const Lanes* {
    if (has_avx512_ifma() && agree_with_libsodium(kAvx512)) return &kAvx512;
    if (__builtin_cpu_supports("avx2") && agree_with_libsodium(kAvx2)) return &kAvx2;
    return nullptr;
  }();
  return found;
}

#endif

}  // namespace

bool agrees_in_lanes() {
#ifdef WRING_X86_64
  return lanes_here() != nullptr;
#else
  return false;
#endif
}

void agree(std::span<const Agreement> agreements) {
#ifdef WRING_X86_64
  if (agreements.size() > 1 && agrees_in_lanes()) {
    const Lanes& lanes = *lanes_here();
    while (agreements.size() >= lanes.pay_from) {
      const std::size_t count = std::min(agreements.size(), lanes.count);
      agree_in(lanes, agreements.first(count));
      agreements = agreements.subspan(count);
    }
  }
#endif
  agree_one_by_one(agreements);
}

}  // namespace wring
