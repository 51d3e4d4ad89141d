// Chooses the AEAD implementation and tests its answers.
#include "crypto/aead_engine.h"

#include <algorithm>
#include <array>
#include <utility>

#ifdef WRING_IPSEC_MB
#include "crypto/aead_ipsec_mb.h"
#endif
#ifdef WRING_X86_64
#include "crypto/aead_lanes.h"
#endif
#ifdef WRING_NARROW_LANES
#include "crypto/aead_narrow.h"
#endif

namespace wring {
namespace {

// Runs anywhere, packet by packet.
class SodiumEngine final : public AeadEngine {
 public:
  void seal(std::span<const SealJob> jobs) override { wring::seal(jobs); }
  void open(std::span<OpenJob> jobs) override { wring::open(jobs); }
  [[nodiscard]] std::string_view name() const override { return "libsodium"; }
};

// The first one that is available.
std::unique_ptr<AeadEngine> make_best_of(std::span<const NamedAeadBackend> backends) {
  for (const NamedAeadBackend& each : backends) {
    if (auto engine = make_aead_engine(each.backend)) return engine;
  }
  return nullptr;
}

std::unique_ptr<AeadEngine> make_narrow_lanes() {
#ifdef WRING_X86_64
  return make_narrow_lanes_engine(make_aead_engine(AeadBackend::kIpsecMbAvx2));
#elif defined(WRING_NARROW_LANES)
  return make_narrow_lanes_engine(nullptr);
#else
  return nullptr;
#endif
}

// The widest.
std::unique_ptr<AeadEngine> make_lanes() {
#ifdef WRING_X86_64
  auto for_few = make_best_of(std::span(kAeadBackends).subspan<2>());
  if (auto engine = make_lanes_engine(std::move(for_few))) return engine;
#endif
  return make_narrow_lanes();
}

std::unique_ptr<AeadEngine> make_unchecked(AeadBackend backend) {
  switch (backend) {
    case AeadBackend::kLibsodium:
      return std::make_unique<SodiumEngine>();
    case AeadBackend::kLanes:
      return make_lanes();
    case AeadBackend::kLanesAvx2:
#ifdef WRING_X86_64
      return make_narrow_lanes();
#else
      return nullptr;
#endif
    case AeadBackend::kIpsecMb:
    case AeadBackend::kIpsecMbAvx2:
#ifdef WRING_IPSEC_MB
      return make_ipsec_mb_engine(backend == AeadBackend::kIpsecMb);
#else
      return nullptr;
#endif
  }
  return nullptr;
}

// Both sides of the borders between the cipher's blocks and of the widths that vector code works
// in, and a full packet.
constexpr std::array<std::size_t, 19> kCheckedSizes{
    0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 255, 256, 512, 960, 961, 1024, 1408, 1420, 1424};

// Tests known answers: a batch under two keys must be sealed as libsodium seals it, and must open
// to the same plaintexts, except for one packet that was forged.
class KnownAnswers {
 public:
  KnownAnswers() {
    Bytes<32> bytes;
    std::generate(bytes.begin(), bytes.end(), [n = 0]() mutable { return next(n); });
    keys_[0] = SymmetricKey(bytes);
    std::reverse(bytes.begin(), bytes.end());
    keys_[1] = SymmetricKey(bytes);
    for (std::size_t i = 0; i < kCheckedSizes.size(); ++i) {
      plaintexts_[i].resize(kCheckedSizes[i]);
      std::generate(plaintexts_[i].begin(), plaintexts_[i].end(),
                    [n = static_cast<int>(i)]() mutable { return next(n); });
      sealed_[i].resize(kCheckedSizes[i] + kTagSize);
      expected_[i].resize(kCheckedSizes[i] + kTagSize);
    }
  }

  [[nodiscard]] bool are_given_by(AeadEngine& engine) {
    engine.seal(seal_jobs(sealed_));
    seal(seal_jobs(expected_));
    if (sealed_ != expected_) return false;
    sealed_[kForged].back() ^= 1;
    std::vector<OpenJob> jobs;
    for (std::size_t i = 0; i < sealed_.size(); ++i)
      jobs.push_back({&keys_[i % 2], counter(i), sealed_[i]});
    engine.open(jobs);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (jobs[i].authentic != (i != kForged)) return false;
      if (jobs[i].authentic &&
          !std::equal(plaintexts_[i].begin(), plaintexts_[i].end(), sealed_[i].begin())) {
        return false;
      }
    }
    return true;
  }

 private:
  using Packets = std::array<std::vector<std::uint8_t>, kCheckedSizes.size()>;
  static constexpr std::size_t kForged = 7;

  static std::uint8_t next(int& n) { return static_cast<std::uint8_t>(n++ * 151 + 7); }
  // From the last 32-bit counter to the first ones past it.
  static std::uint64_t counter(std::size_t i) { return 0xfffffff8U + i; }
  std::vector<SealJob> seal_jobs(Packets& out) {
    std::vector<SealJob> jobs;
    for (std::size_t i = 0; i < out.size(); ++i)
      jobs.push_back({&keys_[i % 2], counter(i), plaintexts_[i], out[i]});
    return jobs;
  }

  std::array<SymmetricKey, 2> keys_;
  Packets plaintexts_;
  Packets sealed_;
  Packets expected_;
};

}  // namespace

std::unique_ptr<AeadEngine> make_aead_engine(std::optional<AeadBackend> wanted) {
  if (!wanted) return make_best_of(kAeadBackends);
  auto engine = make_unchecked(*wanted);
  if (engine && wanted != AeadBackend::kLibsodium && !KnownAnswers().are_given_by(*engine)) {
    engine.reset();
  }
  return engine;
}

}  // namespace wring
