// Two ends of one session, made without a handshake.
#pragma once

#include <vector>

#include "peer/data_message.h"
#include "peer/peer.h"

namespace wring {

inline TransportKeys keys_of_test(bool is_initiator, std::uint32_t local, std::uint32_t remote) {
  const Bytes<32> one{1};
  const Bytes<32> two{2};
  return {.send = SymmetricKey(is_initiator ? one : two),
          .receive = SymmetricKey(is_initiator ? two : one),
          .local_index = SessionIndex{local},
          .remote_index = SessionIndex{remote},
          .is_initiator = is_initiator};
}

// A data message of `session` as its other end receives it; `plaintext` is sent as it is.
inline std::vector<std::uint8_t> data_message(const Session& session, std::uint64_t counter,
                                              ByteSpan plaintext) {
  std::vector<std::uint8_t> out(plaintext.size() + 32);
  const SealJob job = begin_data_message(session, counter, plaintext, out);
  seal({&job, 1});
  return out;
}

}  // namespace wring
