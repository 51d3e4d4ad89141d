// The AEAD engine that seals and opens several packets at once in lanes of NEON or AVX2.
#include "crypto/aead_narrow.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "crypto/chacha20_narrow.h"
#include "crypto/packets_in_lanes.h"
#include "crypto/poly1305_narrow.h"

namespace wring {
namespace {

#ifdef WRING_X86_64
constexpr std::string_view kName = "lanes, AVX2";
bool has_vectors() {
  return __builtin_cpu_supports("avx2");
}
#else
constexpr std::string_view kName = "lanes, NEON";
bool has_vectors() {
  return true;
}
#endif

// What IPsec-MB has for AVX2 is faster with larger packets, and with fewer, which leave lanes idle.
constexpr std::size_t kLargest = 128 + kTagSize;
constexpr std::size_t kFewest = 3;

// For PacketsInLanes.
class NarrowCipher {
 public:
  static constexpr unsigned kLanes = kNarrowLanes;

  void keystream(const KeystreamRun* runs, std::size_t count) {
    chacha20_narrow(chacha_, runs, count);
  }
  std::uint8_t* poly_key(std::size_t place) { return keys_[place].data(); }
  void authenticate(std::size_t place, ByteSpan ciphertext) { texts_[place] = ciphertext; }
  void make_tags(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      poly1305_narrow(keys_[i], texts_[i], tags_[i]);
  }
  std::span<const std::uint8_t, kTagSize> tag(std::size_t place) { return tags_[place]; }

 private:
  NarrowScratch chacha_;
  std::array<Bytes<32>, kLaneGroup> keys_;
  std::array<ByteSpan, kLaneGroup> texts_;
  std::array<Bytes<kTagSize>, kLaneGroup> tags_;
};

bool is_small(const SealJob& job) {
  return job.out.size() <= kLargest;
}
bool is_small(const OpenJob& job) {
  return job.sealed.size() <= kLargest;
}

// How many packets at the beginning are small, or are not.
template <typename Job>
std::size_t count_first(std::span<Job> jobs, bool small) {
  const auto end = std::ranges::find_if(jobs, [small](Job& job) { return is_small(job) != small; });
  return static_cast<std::size_t>(end - jobs.begin());
}

class NarrowEngine final : public AeadEngine {
 public:
  explicit NarrowEngine(std::unique_ptr<AeadEngine> for_large) : for_large_(std::move(for_large)) {}

  void seal(std::span<const SealJob> jobs) override {
    if (!for_large_) return lanes_.seal(jobs);
    divide(
        jobs, [this](std::span<const SealJob> small) { lanes_.seal(small); },
        [this](std::span<const SealJob> others) { for_large_->seal(others); });
  }
  void open(std::span<OpenJob> jobs) override {
    if (!for_large_) return lanes_.open(jobs);
    divide(
        jobs, [this](std::span<OpenJob> small) { lanes_.open(small); },
        [this](std::span<OpenJob> others) { for_large_->open(others); });
  }
  [[nodiscard]] std::string_view name() const override { return kName; }

 private:
  template <typename Job>
  static void divide(std::span<Job> jobs, auto in_lanes, auto by_others) {
    while (!jobs.empty()) {
      std::size_t count = count_first(jobs, true);
      if (count >= kFewest) {
        in_lanes(jobs.first(count));
      } else {
        count += count_first(jobs.subspan(count), false);
        by_others(jobs.first(count));
      }
      jobs = jobs.subspan(count);
    }
  }

  std::unique_ptr<AeadEngine> for_large_;
  PacketsInLanes<NarrowCipher> lanes_;
};

}  // namespace

std::unique_ptr<AeadEngine> make_narrow_lanes_engine(std::unique_ptr<AeadEngine> for_large) {
  if (!has_vectors()) return nullptr;
  return std::make_unique<NarrowEngine>(std::move(for_large));
}

}  // namespace wring
