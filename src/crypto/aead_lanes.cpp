// The AEAD engine that seals and opens several packets at once in AVX-512 lanes.
#include "crypto/aead_lanes.h"

#include <algorithm>
#include <utility>

#include "crypto/avx512.h"
#include "crypto/chacha20_lanes.h"
#include "crypto/packets_in_lanes.h"
#include "crypto/poly1305_lanes.h"

namespace wring {
namespace {

// Fewer packets leave too many lanes idle.
constexpr std::size_t kFewest = 4;

// For PacketsInLanes.
class Avx512Cipher {
 public:
  static constexpr unsigned kLanes = kChaChaLanes;
  // The keys of so many packets fill the lanes, and their data stay in the first-level cache.
  static constexpr std::size_t kGroup = 16;
  static constexpr std::size_t kTagsAtOnce = kGroup;

  void begin_group() {}
  void keystream(const KeystreamRun* runs, std::size_t count) {
    chacha20_lanes(chacha_, runs, count);
  }
  std::uint8_t* poly_key(std::size_t place) { return poly_of(place).key[place % kPolyPackets]; }
  void authenticate(std::size_t place, ByteSpan ciphertext) {
    poly_of(place).data[place % kPolyPackets] = ciphertext.data();
    poly_of(place).size[place % kPolyPackets] = ciphertext.size();
  }
  void make_tags(std::size_t count) {
    for (std::size_t i = count; i % kPolyPackets != 0; ++i)
      authenticate(i, ByteSpan(kZeroBlock).first(0));
    for (std::size_t first = 0; first < count; first += kPolyPackets) {
      poly1305_lanes(poly_of(first),
                     static_cast<unsigned>(std::min<std::size_t>(count - first, kPolyPackets)));
    }
  }
  std::span<const std::uint8_t, kTagSize> tag(std::size_t place) {
    return poly_of(place).tag[place % kPolyPackets];
  }

 private:
  PolyBatch& poly_of(std::size_t place) { return poly_[place / kPolyPackets]; }

  ChaChaScratch chacha_;
  PolyBatch poly_[kGroup / kPolyPackets];
};

class Avx512Engine final : public AeadEngine {
 public:
  explicit Avx512Engine(std::unique_ptr<AeadEngine> for_few) : for_few_(std::move(for_few)) {}

  void seal(std::span<const SealJob> jobs) override {
    const std::size_t count = in_lanes(jobs.size());
    if (count > 0) lanes_.seal(jobs.first(count));
    for_few_->seal(jobs.subspan(count));
  }
  void open(std::span<OpenJob> jobs) override {
    const std::size_t count = in_lanes(jobs.size());
    if (count > 0) lanes_.open(jobs.first(count));
    for_few_->open(jobs.subspan(count));
  }
  [[nodiscard]] std::string_view name() const override { return "lanes, AVX-512"; }

 private:
  // All, but for a last group of few.
  static std::size_t in_lanes(std::size_t jobs) {
    const std::size_t last = jobs % Avx512Cipher::kGroup;
    return last < kFewest ? jobs - last : jobs;
  }

  std::unique_ptr<AeadEngine> for_few_;
  PacketsInLanes<Avx512Cipher> lanes_;
};

}  // namespace

std::unique_ptr<AeadEngine> make_lanes_engine(std::unique_ptr<AeadEngine> for_few) {
  if (!has_avx512_ifma()) return nullptr;
  return std::make_unique<Avx512Engine>(std::move(for_few));
}

}  // namespace wring
