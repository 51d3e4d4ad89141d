// ChaCha20-Poly1305 by Intel's IPsec-MB, for x86-64.
#pragma once

#include <memory>

#include "crypto/aead_engine.h"

namespace wring {

// Nothing where the processor lacks AVX2: the library's older code is no faster than libsodium.
// Where it has AVX-512, `may_use_avx512` says whether that is used.
[[nodiscard]] std::unique_ptr<AeadEngine> make_ipsec_mb_engine(bool may_use_avx512);

}  // namespace wring
