// The AEAD engine on Intel IPsec-MB.
#include "crypto/aead_ipsec_mb.h"

#include <intel-ipsec-mb.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "crypto/aead_tag.h"

namespace wring {
namespace {

constexpr std::size_t kMaxBurst = IMB_MAX_BURST_SIZE;
constexpr std::size_t kNonceSize = 12;

struct FreeState {
  void operator()(IMB_MGR* state) const { free_mb_mgr(state); }
};

// One burst at a time. These jobs complete as they are submitted, in their order. The library's
// state refers to keys and never holds them. The one-time keys of Poly1305 are on its stack, and
// Debian builds it to wipe that (SAFE_DATA).
class IpsecMbEngine final : public AeadEngine {
 public:
  IpsecMbEngine(std::unique_ptr<IMB_MGR, FreeState> state, bool avx512)
      : state_(std::move(state)), avx512_(avx512) {}

  void seal(std::span<const SealJob> jobs) override {
    while (!jobs.empty()) {
      const auto burst = jobs.first(std::min(jobs.size(), kMaxBurst));
      begin(burst.size());
      for (std::size_t i = 0; i < burst.size(); ++i) {
        const SealJob& job = burst[i];
        assert(job.out.size() == job.plaintext.size() + kTagSize);
        fill(i, *job.key, job.counter, job.plaintext, job.out.data());
        burst_[i]->cipher_direction = IMB_DIR_ENCRYPT;
        burst_[i]->chain_order = IMB_ORDER_CIPHER_HASH;
        burst_[i]->auth_tag_output = job.out.data() + job.plaintext.size();
      }
      submit(burst.size());
      jobs = jobs.subspan(burst.size());
    }
  }

  void open(std::span<OpenJob> jobs) override {
    while (!jobs.empty()) {
      const auto burst = jobs.first(std::min(jobs.size(), kMaxBurst));
      open_burst(burst);
      jobs = jobs.subspan(burst.size());
    }
  }

  [[nodiscard]] std::string_view name() const override {
    return avx512_ ? "IPsec-MB, AVX-512" : "IPsec-MB, AVX2";
  }

 private:
  void open_burst(std::span<OpenJob> jobs) {
    const auto holds_tag = [](const OpenJob& job) { return job.sealed.size() >= kTagSize; };
    const auto count = static_cast<std::size_t>(std::count_if(jobs.begin(), jobs.end(), holds_tag));
    begin(count);
    std::size_t position = 0;
    for (const OpenJob& job : jobs) {
      if (!holds_tag(job)) continue;
      fill(position, *job.key, job.counter, job.sealed.first(job.sealed.size() - kTagSize),
           job.sealed.data());
      burst_[position]->cipher_direction = IMB_DIR_DECRYPT;
      burst_[position]->chain_order = IMB_ORDER_HASH_CIPHER;
      burst_[position]->auth_tag_output = tags_[position].data();
      ++position;
    }
    submit(count);
    position = 0;
    for (OpenJob& job : jobs) {
      job.authentic = holds_tag(job) && same_tag(tags_[position++], job.sealed.last<kTagSize>());
    }
    // The right tag of a forged packet is a secret until somebody who has the key shows it.
    sodium_memzero(tags_.data(), count * kTagSize);
  }

  void begin(std::size_t count) {
    [[maybe_unused]] const std::uint32_t got =
        IMB_GET_NEXT_BURST(state_.get(), static_cast<std::uint32_t>(count), burst_.data());
    assert(got == count);
  }

  void fill(std::size_t position, const SymmetricKey& key, std::uint64_t counter, ByteSpan in,
            std::uint8_t* out) {
    store(nonces_[position], Le<std::uint64_t>(counter), kNonceSize - sizeof counter);
    IMB_JOB& job = *burst_[position];
    job.cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job.hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job.enc_keys = job.dec_keys = key.reveal().data();
    job.key_len_in_bytes = key.reveal().size();
    job.iv = nonces_[position].data();
    job.iv_len_in_bytes = kNonceSize;
    job.src = in.data();
    job.dst = out;
    job.cipher_start_src_offset_in_bytes = job.hash_start_src_offset_in_bytes = 0;
    job.msg_len_to_cipher_in_bytes = job.msg_len_to_hash_in_bytes = in.size();
    job.u.CHACHA20_POLY1305.aad = nonces_[position].data();  // of no length
    job.u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
    job.auth_tag_output_len_in_bytes = kTagSize;
  }

  void submit(std::size_t count) {
    [[maybe_unused]] const std::uint32_t completed =
        IMB_SUBMIT_BURST_NOCHECK(state_.get(), static_cast<std::uint32_t>(count), burst_.data());
    assert(completed == count);
  }

  std::unique_ptr<IMB_MGR, FreeState> state_;
  bool avx512_;
  std::array<IMB_JOB*, kMaxBurst> burst_{};
  std::array<Bytes<kNonceSize>, kMaxBurst> nonces_{};  // the first four bytes stay zero
  std::array<Bytes<kTagSize>, kMaxBurst> tags_{};
};

}  // namespace

std::unique_ptr<AeadEngine> make_ipsec_mb_engine(bool may_use_avx512) {
  std::unique_ptr<IMB_MGR, FreeState> state(alloc_mb_mgr(0));
  if (!state) return nullptr;
  IMB_ARCH arch = IMB_ARCH_NONE;
  init_mb_mgr_auto(state.get(), &arch);
  if (arch > IMB_ARCH_AVX2 && !may_use_avx512) {
    init_mb_mgr_avx2(state.get());
    arch = IMB_ARCH_AVX2;
  }
  if (imb_get_errno(state.get()) != 0 || arch < IMB_ARCH_AVX2) return nullptr;
  return std::make_unique<IpsecMbEngine>(std::move(state), arch == IMB_ARCH_AVX512);
}

}  // namespace wring
