// The initiator's two steps of a handshake. [WG] 5.4.2, 5.4.3
#include <utility>

#include "noise/handshake.h"
#include "noise/handshake_symmetric.h"

namespace wring {

std::optional<Initiation> initiate(const LocalIdentity& identity, const PublicKey& remote_static,
                                   const SharedSecret& static_static, SessionIndex local,
                                   const Tai64n& timestamp, Ephemeral ephemeral) {
  if (static_static.is_zero() || ephemeral.with_static.is_zero()) return std::nullopt;
  const PublicKey ephemeral_public = ephemeral.public_key();
  InitiationMessage message;
  message.sender = local.value;
  message.ephemeral = ephemeral_public.bytes;
  SymmetricState state(remote_static);
  state.mix_ephemeral(ephemeral_public);
  const SymmetricKey static_sealing_key = state.mix_secret_for_key(ephemeral.with_static);
  state.seal_and_hash(static_sealing_key, identity.public_key().bytes, message.static_key);
  const SymmetricKey timestamp_sealing_key = state.mix_secret_for_key(static_static);
  state.seal_and_hash(timestamp_sealing_key, timestamp.bytes, message.timestamp);

  return Initiation{message, SentInitiation{std::move(ephemeral.key), state.take_hash(),
                                            state.take_chaining_key(), local}};
}

std::optional<TransportKeys> finish(const SentInitiation& sent, const ResponseProducts& products,
                                    const PresharedKey& psk, const ResponseMessage& message) {
  if (message.receiver != sent.local_index.value) return std::nullopt;
  if (products.with_ephemeral.is_zero() || products.with_static.is_zero()) return std::nullopt;

  SymmetricState state(sent.hash.clone(), sent.chaining_key.clone());
  state.mix_ephemeral(PublicKey{message.ephemeral});
  state.mix_secret(products.with_ephemeral);
  state.mix_secret(products.with_static);
  const SymmetricKey empty_sealing_key = state.mix_psk_for_key(psk);
  if (!state.open_and_hash(empty_sealing_key, message.empty, {})) return std::nullopt;

  auto [send, receive] = state.split();
  return TransportKeys{.send = std::move(send),
                       .receive = std::move(receive),
                       .local_index = sent.local_index,
                       .remote_index = SessionIndex{message.sender},
                       .is_initiator = true};
}

}  // namespace wring
