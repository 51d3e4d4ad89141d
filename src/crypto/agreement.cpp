// Computes Curve25519 products, in vector lanes where the processor has them.
#include "crypto/agreement.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#ifdef WRING_X86_64
#include "crypto/avx512.h"
#include "crypto/x25519_lanes.h"
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

// Two products, computed one by one, cost as much as eight in lanes.
constexpr std::size_t kLanesPayFrom = 2;

void agree_in_lanes(std::span<const Agreement> agreements) {
  std::array<X25519Lane, kX25519Lanes> lanes;
  std::transform(agreements.begin(), agreements.end(), lanes.begin(), [](const Agreement& each) {
    return X25519Lane{each.ours->reveal(), *each.theirs, each.secret->writable()};
  });
  x25519_lanes(std::span(lanes).first(agreements.size()));
}

// Known answers: every lane with a key and a point of its own, one of low order among them.
bool lanes_agree_with_libsodium() {
  std::array<PrivateKey, kX25519Lanes> keys;
  std::array<Bytes<32>, kX25519Lanes> points;
  std::array<SharedSecret, kX25519Lanes> expected;
  std::array<SharedSecret, kX25519Lanes> found;
  std::array<Agreement, kX25519Lanes> agreements;
  std::uint8_t next = 7;
  for (std::size_t lane = 0; lane < kX25519Lanes; ++lane) {
    for (std::uint8_t& byte : keys[lane].writable())
      byte = next = static_cast<std::uint8_t>(next * 151 + 7);
    // The last point is zero.
    for (std::uint8_t& byte : points[lane])
      byte = lane + 1 < kX25519Lanes ? next = static_cast<std::uint8_t>(next * 151 + 7) : 0;
    agreements[lane] = {&keys[lane], &points[lane], &expected[lane]};
  }
  agree_one_by_one(agreements);
  for (std::size_t lane = 0; lane < kX25519Lanes; ++lane)
    agreements[lane].secret = &found[lane];
  agree_in_lanes(agreements);
  return found == expected;
}

#endif

}  // namespace

bool agrees_in_lanes() {
#ifdef WRING_X86_64
  static const bool does = has_avx512_ifma() && lanes_agree_with_libsodium();
  return does;
#else
  return false;
#endif
}

void agree(std::span<const Agreement> agreements) {
#ifdef WRING_X86_64
  while (agreements.size() >= kLanesPayFrom && agrees_in_lanes()) {
    const std::size_t count = std::min(agreements.size(), kX25519Lanes);
    agree_in_lanes(agreements.first(count));
    agreements = agreements.subspan(count);
  }
#endif
  agree_one_by_one(agreements);
}

}  // namespace wring
