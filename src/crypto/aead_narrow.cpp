// The AEAD engine that seals and opens several packets at once in lanes of NEON or AVX2.
#include "crypto/aead_narrow.h"

#include <array>
#include <cstddef>
#include <utility>

#include "crypto/chacha20_narrow.h"
#include "crypto/narrow.h"
#include "crypto/packets_in_lanes.h"
#include "crypto/tag_queue.h"

namespace wring {
namespace {

#ifdef WRING_X86_64
constexpr std::string_view kName = "lanes, AVX2";
#else
constexpr std::string_view kName = "lanes, NEON";
#endif

// Fewer packets leave lanes idle, and no work to do beside them.
constexpr std::size_t kFewest = 3;

// For PacketsInLanes.
class NarrowCipher {
 public:
  static constexpr unsigned kLanes = kNarrowLanes;
  static constexpr std::size_t kGroup = TagQueue::kPackets;
  static constexpr std::size_t kTagsAtOnce = 1;

  void begin_group() { tags_.begin_group(); }
  void keystream(const KeystreamRun* runs, std::size_t count) {
    chacha20_narrow(chacha_, runs, count, tags_.work());
    // The lanes have been filled in order, so that whatever was added by now is done.
    tags_.complete();
  }
  std::uint8_t* poly_key(std::size_t place) { return tags_.key(place); }
  void authenticate(std::size_t place, ByteSpan ciphertext) { tags_.add(place, ciphertext); }
  void make_tags(std::size_t count) { tags_.make(count); }
  std::span<const std::uint8_t, kTagSize> tag(std::size_t place) { return tags_.tag(place); }

 private:
  NarrowScratch chacha_;
  TagQueue tags_;
};

class NarrowEngine final : public AeadEngine {
 public:
  explicit NarrowEngine(std::unique_ptr<AeadEngine> for_few) : for_few_(std::move(for_few)) {}

  void seal(std::span<const SealJob> jobs) override {
    if (are_few(jobs.size())) return for_few_->seal(jobs);
    lanes_.seal(jobs);
  }
  void open(std::span<OpenJob> jobs) override {
    if (are_few(jobs.size())) return for_few_->open(jobs);
    lanes_.open(jobs);
  }
  [[nodiscard]] std::string_view name() const override { return kName; }

 private:
  [[nodiscard]] bool are_few(std::size_t jobs) const { return for_few_ && jobs < kFewest; }

  std::unique_ptr<AeadEngine> for_few_;
  PacketsInLanes<NarrowCipher> lanes_;
};

}  // namespace

std::unique_ptr<AeadEngine> make_narrow_lanes_engine(std::unique_ptr<AeadEngine> for_few) {
  if (!has_narrow()) return nullptr;
  return std::make_unique<NarrowEngine>(std::move(for_few));
}

}  // namespace wring
