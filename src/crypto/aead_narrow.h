// ChaCha20-Poly1305 that fills the lanes of NEON or AVX2 across the packets of a batch.
#pragma once

#include <memory>

#include "crypto/aead_engine.h"

namespace wring {

// `for_few` does batches that are too small to fill the lanes. Without it the lanes do all. Nothing
// where the processor lacks the vectors.
[[nodiscard]] std::unique_ptr<AeadEngine> make_narrow_lanes_engine(
    std::unique_ptr<AeadEngine> for_few);

}  // namespace wring
