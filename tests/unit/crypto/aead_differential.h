// Random batches of packets, sealed and opened by an engine and by libsodium.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "crypto/aead_engine.h"

namespace wring::test {

class AeadDifferential {
 public:
  explicit AeadDifferential(std::uint64_t seed);

  // Seals and opens one more batch. Empty when everything was as it should be, else what was not.
  [[nodiscard]] std::string run_batch(AeadEngine& engine);

 private:
  static constexpr std::size_t kLargest = 1500;

  // One packet of a batch within a buffer of its own, between guard bytes.
  struct Packet {
    const SymmetricKey* key = nullptr;
    std::uint64_t counter = 0;
    std::vector<std::uint8_t> plaintext;
    std::vector<std::uint8_t> expected;  // what libsodium makes of it
    std::vector<std::uint8_t> buffer;
    std::size_t guard = 0;  // bytes before the packet; after it come as many as there are
    bool in_place = false;
    bool forged = false;

    [[nodiscard]] MutByteSpan sealed() {
      return MutByteSpan(buffer).subspan(guard, expected.size());
    }
    [[nodiscard]] bool guards_stand() const;
  };

  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  [[nodiscard]] ByteSpan random_bytes(std::size_t size);
  [[nodiscard]] std::uint64_t random_counter();
  void make_batch();
  void make_packet(Packet& packet, std::size_t size);
  [[nodiscard]] std::string seal_batch(AeadEngine& engine);
  [[nodiscard]] std::string open_batch(AeadEngine& engine);
  void forge(Packet& packet);

  std::mt19937_64 engine_;
  std::vector<std::uint8_t> pool_;  // where random bytes are cut from
  std::array<SymmetricKey, 4> keys_;
  std::vector<Packet> packets_;
  std::size_t count_ = 0;  // of packets_, those in this batch
};

}  // namespace wring::test
