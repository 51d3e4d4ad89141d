// Cuts the keystreams that packets need into rows that fill the lanes of a vector cipher.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/keys.h"
#include "crypto/keystream.h"

namespace wring {

inline constexpr std::uint8_t kZeroBlock[kChaChaBlock]{};

// RFC 8439, 2.6: block 0 of a packet's keystream begins with its Poly1305 key.
inline KeystreamRun poly_key_run(const SymmetricKey& key, std::uint64_t counter,
                                 std::uint8_t* out) {
  return {key.reveal().data(), counter, 0, 1, kZeroBlock, out, 32};
}
// RFC 8439, 2.8: the data take the blocks from 1 on.
inline KeystreamRun data_run(const SymmetricKey& key, std::uint64_t counter, ByteSpan in,
                             std::uint8_t* out) {
  const auto blocks = static_cast<std::uint32_t>((in.size() + kChaChaBlock - 1) / kChaChaBlock);
  return {key.reveal().data(), counter, 1, blocks, in.data(), out, in.size()};
}

// Gathers runs of blocks until all lanes are taken, then has `Cipher` do them: its
// keystream(runs, count) takes runs of 1 to Cipher::kLanes blocks together.
template <typename Cipher>
class LaneFiller {
 public:
  explicit LaneFiller(Cipher& cipher) : cipher_(cipher) {}

  void add(KeystreamRun run) {
    while (run.blocks > 0) {
      const std::uint32_t blocks = std::min(run.blocks, Cipher::kLanes - lanes_);
      const std::size_t size = std::min(run.size, blocks * kChaChaBlock);
      KeystreamRun& part = runs_[count_++];
      part = run;
      part.blocks = blocks;
      part.size = size;
      lanes_ += blocks;
      if (lanes_ == Cipher::kLanes) flush();
      run.first_block += blocks;
      run.blocks -= blocks;
      run.in += size;
      run.out += size;
      run.size -= size;
    }
  }
  void flush() {
    if (count_ > 0) cipher_.keystream(runs_.data(), count_);
    count_ = 0;
    lanes_ = 0;
  }

 private:
  Cipher& cipher_;
  std::array<KeystreamRun, Cipher::kLanes> runs_;
  std::size_t count_ = 0;
  std::uint32_t lanes_ = 0;
};

}  // namespace wring
