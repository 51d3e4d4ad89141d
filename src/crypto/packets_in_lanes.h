// Seals and opens the packets of a batch together, in the lanes of a vector cipher.
#pragma once

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <span>

#include "crypto/aead.h"
#include "crypto/aead_tag.h"
#include "crypto/lane_filler.h"

namespace wring {

// Works through a batch in groups of packets. `Cipher` is of a processor's vectors. It has
//   kLanes                    blocks that it computes at once, at most kGroup
//   kGroup                    how many packets it works on together
//   kTagsAtOnce               how many tags it makes together
//   begin_group()             forgets the group before
//   keystream(runs, count)    see LaneFiller
//   poly_key(place)           where the one-time key of a group's packet goes, 32 bytes
//   authenticate(place, text) notes of which ciphertext a packet's tag is
//   make_tags(count)          makes the tags of the places below count that are not made yet
//   tag(place)                that of one packet
// and is nothing but memory, because it is wiped.
template <typename Cipher>
class PacketsInLanes {
 public:
  void seal(std::span<const SealJob> jobs) {
    for (; !jobs.empty(); jobs = jobs.subspan(std::min(jobs.size(), Cipher::kGroup)))
      seal_group(jobs.first(std::min(jobs.size(), Cipher::kGroup)));
    wipe();
  }
  void open(std::span<OpenJob> jobs) {
    for (; !jobs.empty(); jobs = jobs.subspan(std::min(jobs.size(), Cipher::kGroup)))
      open_group(jobs.first(std::min(jobs.size(), Cipher::kGroup)));
    wipe();
  }

 private:
  void seal_group(std::span<const SealJob> jobs) {
    scratch_.cipher.begin_group();
    LaneFiller<Cipher> lanes(scratch_.cipher);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const SealJob& job = jobs[i];
      assert(job.out.size() == job.plaintext.size() + kTagSize);
      lanes.add(poly_key_run(*job.key, job.counter, scratch_.cipher.poly_key(i)));
      lanes.add(data_run(*job.key, job.counter, job.plaintext, job.out.data()));
      scratch_.cipher.authenticate(i, job.out.first(job.plaintext.size()));
    }
    lanes.flush();
    scratch_.cipher.make_tags(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i)
      store(jobs[i].out, load<Bytes<kTagSize>>(scratch_.cipher.tag(i)), jobs[i].plaintext.size());
  }

  // The ciphertext must stay until its tag is known. But the keys for the tags leave lanes idle, so
  // those compute the first blocks of the packets early, into memory of their own.
  void open_group(std::span<OpenJob> group) {
    scratch_.cipher.begin_group();
    LaneFiller<Cipher> lanes(scratch_.cipher);
    std::array<OpenJob*, Cipher::kGroup> jobs;
    std::array<KeystreamRun, Cipher::kGroup> runs;
    std::size_t count = 0;
    for (OpenJob& job : group) {
      job.authentic = false;
      if (job.sealed.size() < kTagSize) continue;
      const ByteSpan ciphertext = job.sealed.first(job.sealed.size() - kTagSize);
      lanes.add(poly_key_run(*job.key, job.counter, scratch_.cipher.poly_key(count)));
      runs[count] = data_run(*job.key, job.counter, ciphertext, job.sealed.data());
      scratch_.cipher.authenticate(count, ciphertext);
      jobs[count++] = &job;
    }
    std::array<std::size_t, Cipher::kGroup> ahead{};  // bytes of each packet
    std::uint8_t* place = scratch_.ahead;
    auto idle =
        static_cast<std::uint32_t>((Cipher::kLanes - count % Cipher::kLanes) % Cipher::kLanes);
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

    place = scratch_.ahead;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % Cipher::kTagsAtOnce == 0)
        scratch_.cipher.make_tags(std::min(i + Cipher::kTagsAtOnce, count));
      OpenJob& job = *jobs[i];
      job.authentic = same_tag(scratch_.cipher.tag(i), job.sealed.last<kTagSize>());
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

  // Keys, tags and plaintext. It cannot reach copies that the compiler kept in registers or on the
  // stack.
  void wipe() { sodium_memzero(&scratch_, sizeof scratch_); }

  struct Scratch {
    Cipher cipher;
    std::uint8_t ahead[Cipher::kLanes * kChaChaBlock];
  };
  Scratch scratch_{};
};

}  // namespace wring
