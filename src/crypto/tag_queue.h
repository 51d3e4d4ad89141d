// The tags of a group's packets, in their order. Most of the work is done beside the vector
// cipher's.
#pragma once

#include <array>

#include "crypto/aead.h"
#include "crypto/poly1305_narrow.h"

namespace wring {

// All zero it is empty. It holds keys and tags: wipe it. Makes tags in constant time.
class TagQueue {
 public:
  static constexpr std::size_t kPackets = 32;

  // Forgets the group before, all tags of which have been made.
  void begin_group() { next_ = added_ = complete_ = 0; }
  // Where the one-time key of a packet goes.
  [[nodiscard]] std::uint8_t* key(std::size_t place) { return keys_[place].data(); }
  // The next packet. Its key and its ciphertext may still be missing.
  void add(std::size_t place, ByteSpan ciphertext) {
    texts_[place] = ciphertext;
    added_ = place + 1;
  }
  // The keys and ciphertexts of all that was added are there now.
  void complete() { complete_ = added_; }

  // Work for chacha20_narrow(), of the first packet without a tag that is complete.
  [[nodiscard]] PolyRun& work() {
    if (run_.blocks < PolyRun::kStep) advance();
    return run_;
  }
  // Makes those tags of the places below `count`, all complete, that are not made yet.
  void make(std::size_t count);
  // Of a place whose tag was made.
  [[nodiscard]] std::span<const std::uint8_t, kTagSize> tag(std::size_t place) const {
    return tags_[place];
  }

 private:
  void advance();
  void finish();

  PolyRun run_;
  bool running_ = false;  // run_ is of place next_ - 1
  std::size_t next_ = 0;  // of which nothing was made yet
  std::size_t added_ = 0;
  std::size_t complete_ = 0;
  std::array<Bytes<32>, kPackets> keys_;
  std::array<ByteSpan, kPackets> texts_;
  std::array<Bytes<kTagSize>, kPackets> tags_;
};

}  // namespace wring
