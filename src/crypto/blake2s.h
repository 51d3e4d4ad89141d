// BLAKE2s in the three ways the protocol uses it: HASH, MAC and HMAC of [WG] 5.4 (RFC 7693, RFC
// 2104).
#pragma once

#include <initializer_list>

#include "base/bytes.h"

namespace wring {

// The unkeyed 32-byte hash of the parts one after the other.
[[nodiscard]] Bytes<32> blake2s(std::initializer_list<ByteSpan> parts);
// The same, written to `out` (32 bytes; it may overlap a part), so that no copy is left behind.
void blake2s_to(MutByteSpan out, std::initializer_list<ByteSpan> parts);

// The keyed 16-byte hash; `key` is of 1 to 32 bytes.
[[nodiscard]] Bytes<16> blake2s_mac(ByteSpan key, ByteSpan data);

// HMAC over the 32-byte hash, written to `out` (32 bytes; it may overlap an input). `key` is of at
// most 64 bytes, one block.
void hmac_blake2s(ByteSpan key, std::initializer_list<ByteSpan> parts, MutByteSpan out);

}  // namespace wring
