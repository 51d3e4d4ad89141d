// Poly1305 (RFC 8439, 2.5 and 2.8) of one packet, by multiplications of 64 bits.
#pragma once

#include <cstdint>
#include <span>

#include "crypto/aead.h"

namespace wring {

// The tag of a ciphertext without associated data, by its one-time key. Constant time: only the
// size decides what is executed.
void poly1305_narrow(std::span<const std::uint8_t, 32> key, ByteSpan ciphertext,
                     std::span<std::uint8_t, kTagSize> tag);

}  // namespace wring
