#include <utility>

#include "noise/handshake.h"
#include "noise/handshake_symmetric.h"

namespace wring {

std::optional<Initiation> initiate(const LocalIdentity& identity, const PublicKey& remote_static,
                                   const SharedSecret& static_static, SessionIndex local,
                                   const Tai64n& timestamp, Rng& rng) {
  if (static_static.is_zero()) return std::nullopt;
  PrivateKey ephemeral = generate_private_key(rng);
  const PublicKey ephemeral_public = derive_public_key(ephemeral);
  const auto ephemeral_static = agree(ephemeral, remote_static);
  if (!ephemeral_static) return std::nullopt;

  InitiationMessage message;
  message.sender = local.value;
  message.ephemeral = ephemeral_public.bytes;
  SymmetricState state(remote_static);
  state.mix_ephemeral(ephemeral_public);
  const SymmetricKey static_sealing_key = state.mix_secret_for_key(*ephemeral_static);
  state.seal_and_hash(static_sealing_key, identity.public_key().bytes, message.static_key);
  const SymmetricKey timestamp_sealing_key = state.mix_secret_for_key(static_static);
  state.seal_and_hash(timestamp_sealing_key, timestamp.bytes, message.timestamp);

  return Initiation{message, SentInitiation{std::move(ephemeral), state.hash(),
                                            state.take_chaining_key(), local}};
}

std::optional<TransportKeys> finish(const SentInitiation& sent, const LocalIdentity& identity,
                                    const PresharedKey& psk, const ResponseMessage& message) {
  if (message.receiver != sent.local_index.value) return std::nullopt;
  const PublicKey remote_ephemeral{message.ephemeral};
  const auto ephemeral_ephemeral = agree(sent.ephemeral, remote_ephemeral);
  if (!ephemeral_ephemeral) return std::nullopt;
  const auto static_ephemeral = agree(identity.private_key(), remote_ephemeral);
  if (!static_ephemeral) return std::nullopt;

  SymmetricState state(sent.hash, sent.chaining_key.clone());
  state.mix_ephemeral(remote_ephemeral);
  state.mix_secret(*ephemeral_ephemeral);
  state.mix_secret(*static_ephemeral);
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
