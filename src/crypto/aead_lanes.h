// ChaCha20-Poly1305 that fills the lanes of AVX-512 across the packets of a batch.
#pragma once

#include <memory>

#include "crypto/aead_engine.h"

namespace wring {

// `for_few` does the batches that are too small to fill the lanes. Nothing where the processor
// lacks AVX-512 with IFMA.
[[nodiscard]] std::unique_ptr<AeadEngine> make_lanes_engine(std::unique_ptr<AeadEngine> for_few);

}  // namespace wring
