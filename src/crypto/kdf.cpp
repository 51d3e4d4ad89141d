// HKDF with HMAC-BLAKE2s.
#include "crypto/kdf.h"

#include "crypto/blake2s.h"

namespace wring {

void kdf(const ChainingKey& key, ByteSpan input, std::initializer_list<MutByteSpan> outputs) {
  Secret<32, struct ExtractedTag> extracted;
  hmac_blake2s(key.reveal(), {input}, extracted.writable());
  ByteSpan previous;
  std::uint8_t number = 0;
  for (const MutByteSpan output : outputs) {
    ++number;
    hmac_blake2s(extracted.reveal(), {previous, ByteSpan(&number, 1)}, output);
    previous = output;
  }
}

}  // namespace wring
