// The responder's three steps of a handshake. [WG] 5.4.2, 5.4.3
#include <utility>

#include "noise/handshake.h"
#include "noise/handshake_symmetric.h"

namespace wring {

std::optional<IdentifiedInitiation> identify_initiator(const LocalIdentity& identity,
                                                       const InitiationMessage& message,
                                                       const SharedSecret& static_ephemeral) {
  if (static_ephemeral.is_zero()) return std::nullopt;
  SymmetricState state(identity.public_key());
  state.mix_ephemeral(PublicKey{message.ephemeral});
  const SymmetricKey static_sealing_key = state.mix_secret_for_key(static_ephemeral);
  PublicKey remote_static;
  if (!state.open_and_hash(static_sealing_key, message.static_key, remote_static.bytes)) {
    return std::nullopt;
  }
  return IdentifiedInitiation{remote_static, state.take_hash(), state.take_chaining_key()};
}

std::optional<ReceivedInitiation> authenticate_initiation(IdentifiedInitiation identified,
                                                          const InitiationMessage& message,
                                                          const SharedSecret& static_static) {
  if (static_static.is_zero()) return std::nullopt;
  SymmetricState state(std::move(identified.hash), std::move(identified.chaining_key));
  const SymmetricKey timestamp_sealing_key = state.mix_secret_for_key(static_static);
  Tai64n timestamp;
  if (!state.open_and_hash(timestamp_sealing_key, message.timestamp, timestamp.bytes)) {
    return std::nullopt;
  }
  return ReceivedInitiation{.remote_static = identified.remote_static,
                            .remote_ephemeral = PublicKey{message.ephemeral},
                            .remote_index = SessionIndex{message.sender},
                            .timestamp = timestamp,
                            .hash = state.take_hash(),
                            .chaining_key = state.take_chaining_key()};
}

std::optional<Response> respond(ReceivedInitiation initiation, const PresharedKey& psk,
                                SessionIndex local, Ephemeral ephemeral) {
  if (ephemeral.with_ephemeral.is_zero() || ephemeral.with_static.is_zero()) return std::nullopt;
  const PublicKey ephemeral_public = ephemeral.public_key();
  ResponseMessage message;
  message.sender = local.value;
  message.receiver = initiation.remote_index.value;
  message.ephemeral = ephemeral_public.bytes;
  SymmetricState state(std::move(initiation.hash), std::move(initiation.chaining_key));
  state.mix_ephemeral(ephemeral_public);
  state.mix_secret(ephemeral.with_ephemeral);
  state.mix_secret(ephemeral.with_static);
  const SymmetricKey empty_sealing_key = state.mix_psk_for_key(psk);
  state.seal_and_hash(empty_sealing_key, {}, message.empty);

  auto [receive, send] = state.split();
  return Response{message,
                  TransportKeys{.send = std::move(send),
                                .receive = std::move(receive),
                                .local_index = local,
                                .remote_index = initiation.remote_index,
                                .is_initiator = false},
                  std::move(ephemeral.key)};
}

}  // namespace wring
