// BLAKE2s by libb2, and HMAC on top of it.
#include "crypto/blake2s.h"

#include <blake2.h>
#include <sodium.h>

#include <algorithm>
#include <cassert>

namespace wring {
namespace {

constexpr std::size_t kBlockSize = 64;

// A hash in progress. It is wiped, because its input may include a key.
class Hasher {
 public:
  Hasher() { blake2s_init(&state_, 32); }
  explicit Hasher(ByteSpan key) { blake2s_init_key(&state_, 16, key.data(), key.size()); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher() { sodium_memzero(&state_, sizeof state_); }

  void add(ByteSpan bytes) { blake2s_update(&state_, bytes.data(), bytes.size()); }
  void finish(MutByteSpan out) { blake2s_final(&state_, out.data(), out.size()); }

 private:
  blake2s_state state_;
};

// The key of HMAC, padded to a block and XORed with one of its two constants; wiped after use.
class PaddedKey {
 public:
  PaddedKey(ByteSpan key, std::uint8_t pad) {
    std::copy(key.begin(), key.end(), block_.begin());
    for (std::uint8_t& byte : block_) {
      byte ^= pad;
    }
  }
  PaddedKey(const PaddedKey&) = delete;
  PaddedKey& operator=(const PaddedKey&) = delete;
  ~PaddedKey() { sodium_memzero(block_.data(), block_.size()); }

  [[nodiscard]] ByteSpan bytes() const { return block_; }

 private:
  Bytes<kBlockSize> block_{};
};

}  // namespace

void blake2s_to(MutByteSpan out, std::initializer_list<ByteSpan> parts) {
  assert(out.size() == 32);
  Hasher hasher;
  for (const ByteSpan part : parts) {
    hasher.add(part);
  }
  hasher.finish(out);
}

Bytes<32> blake2s(std::initializer_list<ByteSpan> parts) {
  Bytes<32> out;
  blake2s_to(out, parts);
  return out;
}

Bytes<16> blake2s_mac(ByteSpan key, ByteSpan data) {
  assert(!key.empty() && key.size() <= 32);
  Hasher hasher(key);
  hasher.add(data);
  Bytes<16> out;
  hasher.finish(out);
  return out;
}

void hmac_blake2s(ByteSpan key, std::initializer_list<ByteSpan> parts, MutByteSpan out) {
  assert(key.size() <= kBlockSize && out.size() == 32);
  Hasher outer;
  outer.add(PaddedKey(key, 0x5c).bytes());
  Hasher inner;
  inner.add(PaddedKey(key, 0x36).bytes());
  for (const ByteSpan part : parts) {
    inner.add(part);
  }
  inner.finish(out);
  outer.add(out);
  outer.finish(out);
}

}  // namespace wring
