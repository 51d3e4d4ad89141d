// The AEAD engine that seals and opens several packets at once in AVX-512 lanes.
#include "crypto/aead_lanes.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "crypto/aead_tag.h"
#include "crypto/avx512.h"
#include "crypto/chacha20_lanes.h"
#include "crypto/poly1305_lanes.h"

namespace wring {
namespace {

// The keys of so many packets fill the lanes once, and their data stay in the first-level cache.
constexpr std::size_t kGroup = kChaChaLanes;
// Fewer packets leave too many lanes idle.
constexpr std::size_t kFewest = 4;
constexpr std::uint8_t kZeroKey[kChaChaBlock]{};

// Gathers runs of blocks until all lanes are taken, then does them.
class LaneFiller {
 public:
  explicit LaneFiller(ChaChaScratch& scratch) : scratch_(scratch) {}

  void add(KeystreamRun run) {
    while (run.blocks > 0) {
      const std::uint32_t blocks = std::min(run.blocks, kChaChaLanes - lanes_);
      const std::size_t size = std::min(run.size, blocks * kChaChaBlock);
      KeystreamRun& part = runs_[count_++];
      part = run;
      part.blocks = blocks;
      part.size = size;
      lanes_ += blocks;
      if (lanes_ == kChaChaLanes) flush();
      run.first_block += blocks;
      run.blocks -= blocks;
      run.in += size;
      run.out += size;
      run.size -= size;
    }
  }
  void flush() {
    if (count_ > 0) chacha20_lanes(scratch_, runs_.data(), count_);
    count_ = 0;
    lanes_ = 0;
  }

 private:
  ChaChaScratch& scratch_;
  std::array<KeystreamRun, kChaChaLanes> runs_;
  std::size_t count_ = 0;
  std::uint32_t lanes_ = 0;
};

// RFC 8439, 2.6: block 0 of a packet's keystream begins with its Poly1305 key.
KeystreamRun poly_key_run(const SymmetricKey& key, std::uint64_t counter, std::uint8_t* out) {
  return {key.reveal().data(), counter, 0, 1, kZeroKey, out, 32};
}
// RFC 8439, 2.8: the data take the blocks from 1 on.
KeystreamRun data_run(const SymmetricKey& key, std::uint64_t counter, ByteSpan in,
                      std::uint8_t* out) {
  const auto blocks = static_cast<std::uint32_t>((in.size() + kChaChaBlock - 1) / kChaChaBlock);
  return {key.reveal().data(), counter, 1, blocks, in.data(), out, in.size()};
}

// Works through a batch in groups of packets that fill the lanes together.
class LanesEngine final : public AeadEngine {
 public:
  explicit LanesEngine(std::unique_ptr<AeadEngine> for_few) : for_few_(std::move(for_few)) {}

  void seal(std::span<const SealJob> jobs) override {
    if (jobs.size() >= kFewest) {
      for (; jobs.size() >= kFewest; jobs = jobs.subspan(std::min(jobs.size(), kGroup)))
        seal_group(jobs.first(std::min(jobs.size(), kGroup)));
      wipe();
    }
    for_few_->seal(jobs);
  }

  void open(std::span<OpenJob> jobs) override {
    if (jobs.size() >= kFewest) {
      for (; jobs.size() >= kFewest; jobs = jobs.subspan(std::min(jobs.size(), kGroup)))
        open_group(jobs.first(std::min(jobs.size(), kGroup)));
      wipe();
    }
    for_few_->open(jobs);
  }

  [[nodiscard]] std::string_view name() const override { return "AVX-512 across packets"; }

 private:
  void seal_group(std::span<const SealJob> jobs) {
    LaneFiller lanes(scratch_.chacha);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const SealJob& job = jobs[i];
      assert(job.out.size() == job.plaintext.size() + kTagSize);
      lanes.add(poly_key_run(*job.key, job.counter, poly_key(i)));
      lanes.add(data_run(*job.key, job.counter, job.plaintext, job.out.data()));
      authenticate(i, job.out.first(job.plaintext.size()));
    }
    lanes.flush();
    make_tags(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i)
      store(jobs[i].out, load<Bytes<kTagSize>>(tag(i)), jobs[i].plaintext.size());
  }

  // The ciphertext must last until its tag is known, but the keys for the tags leave lanes idle.
  // These do the first blocks of the packets ahead of time, into a place of their own.
  void open_group(std::span<OpenJob> group) {
    LaneFiller lanes(scratch_.chacha);
    std::array<OpenJob*, kGroup> jobs;
    std::array<KeystreamRun, kGroup> runs;
    std::size_t count = 0;
    for (OpenJob& job : group) {
      job.authentic = false;
      if (job.sealed.size() < kTagSize) continue;
      const ByteSpan ciphertext = job.sealed.first(job.sealed.size() - kTagSize);
      lanes.add(poly_key_run(*job.key, job.counter, poly_key(count)));
      runs[count] = data_run(*job.key, job.counter, ciphertext, job.sealed.data());
      authenticate(count, ciphertext);
      jobs[count++] = &job;
    }
    std::array<std::size_t, kGroup> ahead{};  // bytes of each packet
    std::uint8_t* place = scratch_.ahead;
    auto idle = static_cast<std::uint32_t>(kChaChaLanes - count);
    for (std::size_t i = 0; i < count && idle > 0; ++i) {
      KeystreamRun run = runs[i];
      run.blocks = std::min(run.blocks, idle);
      idle -= run.blocks;
      run.size = ahead[i] = std::min(run.size, run.blocks * kChaChaBlock);
      run.out = place;
      place += run.blocks * kChaChaBlock;
      lanes.add(run);
    }
    lanes.flush();
    make_tags(count);

    place = scratch_.ahead;
    for (std::size_t i = 0; i < count; ++i) {
      OpenJob& job = *jobs[i];
      job.authentic = same_tag(tag(i), job.sealed.last<kTagSize>());
      KeystreamRun run = runs[i];
      const auto blocks = static_cast<std::uint32_t>((ahead[i] + kChaChaBlock - 1) / kChaChaBlock);
      if (job.authentic) {
        std::memcpy(run.out, place, ahead[i]);
        run.first_block += blocks;
        run.blocks -= blocks;
        run.in += ahead[i];
        run.out += ahead[i];
        run.size -= ahead[i];
        lanes.add(run);
      }
      place += blocks * kChaChaBlock;
    }
    lanes.flush();
  }

  void authenticate(std::size_t place, ByteSpan ciphertext) {
    poly_of(place).data[place % kPolyPackets] = ciphertext.data();
    poly_of(place).size[place % kPolyPackets] = ciphertext.size();
  }
  void make_tags(std::size_t count) {
    for (std::size_t i = count; i % kPolyPackets != 0; ++i)
      authenticate(i, ByteSpan(kZeroKey).first(0));
    for (std::size_t first = 0; first < count; first += kPolyPackets) {
      poly1305_lanes(poly_of(first),
                     static_cast<unsigned>(std::min<std::size_t>(count - first, kPolyPackets)));
    }
  }
  PolyBatch& poly_of(std::size_t place) { return scratch_.poly[place / kPolyPackets]; }
  std::uint8_t* poly_key(std::size_t place) { return poly_of(place).key[place % kPolyPackets]; }
  std::span<const std::uint8_t, kTagSize> tag(std::size_t place) {
    return poly_of(place).tag[place % kPolyPackets];
  }
  // Keys, tags and plaintext; what the compiler kept in registers or on the stack is out of reach.
  void wipe() { sodium_memzero(&scratch_, sizeof scratch_); }

  struct Scratch {
    ChaChaScratch chacha;
    PolyBatch poly[kGroup / kPolyPackets];
    std::uint8_t ahead[kChaChaLanes * kChaChaBlock];
  };
  std::unique_ptr<AeadEngine> for_few_;
  Scratch scratch_{};
};

}  // namespace

std::unique_ptr<AeadEngine> make_lanes_engine(std::unique_ptr<AeadEngine> for_few) {
  if (!has_avx512_ifma()) return nullptr;
  return std::make_unique<LanesEngine>(std::move(for_few));
}

}  // namespace wring
