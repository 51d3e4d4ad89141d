// How a packet becomes a data message. [WG] 5.4.6
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "ip/padding.h"
#include "noise/messages.h"
#include "peer/protocol_constants.h"
#include "peer/session.h"

namespace wring {

// Writes the header into `out` (padded plaintext + 32 bytes) and says how the rest is to be sealed.
// `padded` stays untouched until then.
inline SealJob begin_data_message(const Session& session, std::uint64_t counter, ByteSpan padded,
                                  MutByteSpan out) {
  DataHeader header;
  header.receiver = session.keys().remote_index.value;
  header.counter = counter;
  store(out, header);
  return {&session.keys().send, counter, padded,
          out.subspan(kDataHeaderSize, padded.size() + kAuthTagSize)};
}

}  // namespace wring
