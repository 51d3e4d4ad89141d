// ChaCha20-Poly1305 and XChaCha20-Poly1305 by libsodium.
#include "crypto/aead.h"

#include <sodium.h>

#include <cassert>

namespace wring {
namespace {

// The 96-bit nonce of RFC 8439: 32 zero bits, then the counter in little-endian order.
struct CounterNonce {
  explicit CounterNonce(std::uint64_t value) : counter(value) {}
  Le<std::uint32_t> zero;
  Le<std::uint64_t> counter;
};
static_assert(sizeof(CounterNonce) == crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
static_assert(kTagSize == crypto_aead_chacha20poly1305_ietf_ABYTES);
static_assert(kTagSize == crypto_aead_xchacha20poly1305_ietf_ABYTES);

}  // namespace

bool prepare_crypto() {
  return sodium_init() >= 0;
}

void seal(std::span<const SealJob> jobs) {
  for (const SealJob& job : jobs) {
    aead_seal(*job.key, job.counter, job.plaintext, {}, job.out);
  }
}

void open(std::span<OpenJob> jobs) {
  for (OpenJob& job : jobs) {
    job.authentic =
        job.sealed.size() >= kTagSize && aead_open(*job.key, job.counter, job.sealed, {},
                                                   job.sealed.first(job.sealed.size() - kTagSize));
  }
}

void aead_seal(const SymmetricKey& key, std::uint64_t counter, ByteSpan plaintext,
               ByteSpan associated, MutByteSpan out) {
  assert(out.size() == plaintext.size() + kTagSize);
  const CounterNonce nonce(counter);
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(
      out.data(), out.data() + plaintext.size(), nullptr, plaintext.data(), plaintext.size(),
      associated.data(), associated.size(), nullptr, as_bytes(nonce).data(), key.reveal().data());
}

bool aead_open(const SymmetricKey& key, std::uint64_t counter, ByteSpan sealed, ByteSpan associated,
               MutByteSpan out) {
  if (sealed.size() < kTagSize) return false;
  const std::size_t size = sealed.size() - kTagSize;
  assert(out.size() == size);
  const CounterNonce nonce(counter);
  return crypto_aead_chacha20poly1305_ietf_decrypt_detached(
             out.data(), nullptr, sealed.data(), size, sealed.data() + size, associated.data(),
             associated.size(), as_bytes(nonce).data(), key.reveal().data()) == 0;
}

void xaead_seal(const Bytes<32>& key, const Bytes<24>& nonce, ByteSpan plaintext,
                ByteSpan associated, MutByteSpan out) {
  assert(out.size() == plaintext.size() + kTagSize);
  crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
      out.data(), out.data() + plaintext.size(), nullptr, plaintext.data(), plaintext.size(),
      associated.data(), associated.size(), nullptr, nonce.data(), key.data());
}

bool xaead_open(const Bytes<32>& key, const Bytes<24>& nonce, ByteSpan sealed, ByteSpan associated,
                MutByteSpan out) {
  if (sealed.size() < kTagSize) return false;
  const std::size_t size = sealed.size() - kTagSize;
  assert(out.size() == size);
  return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
             out.data(), nullptr, sealed.data(), size, sealed.data() + size, associated.data(),
             associated.size(), nonce.data(), key.data()) == 0;
}

}  // namespace wring
