// One handshake at a time: the functions of noise/handshake.h with their Curve25519 products
// computed within. The product computes those of many handshakes together.
#pragma once

#include <array>
#include <optional>
#include <utility>

#include "base/rng.h"
#include "noise/handshake.h"

namespace wring {

// DH(private key, public key) of [WG] 5.4; nothing if it is all zeros.
inline std::optional<SharedSecret> agree(const PrivateKey& ours, const PublicKey& theirs) {
  SharedSecret product;
  agree(std::array{Agreement{&ours, &theirs.bytes, &product}});
  if (product.is_zero()) return std::nullopt;
  return product;
}

// The static-static secret of an identity and a peer.
inline std::optional<SharedSecret> agree_with(const LocalIdentity& identity,
                                              const PublicKey& peer) {
  return agree(identity.private_key(), peer);
}

inline std::optional<Initiation> initiate(const LocalIdentity& identity,
                                          const PublicKey& remote_static,
                                          const SharedSecret& static_static, SessionIndex local,
                                          const Tai64n& timestamp, Rng& rng) {
  Ephemeral ephemeral;
  ephemeral.key = generate_private_key(rng);
  agree(wanted(ephemeral, remote_static));
  return initiate(identity, remote_static, static_static, local, timestamp, std::move(ephemeral));
}

inline std::optional<IdentifiedInitiation> identify_initiator(const LocalIdentity& identity,
                                                              const InitiationMessage& message) {
  SharedSecret static_ephemeral;
  agree(std::array{Agreement{&identity.private_key(), &message.ephemeral, &static_ephemeral}});
  return identify_initiator(identity, message, static_ephemeral);
}

inline std::optional<Response> respond(ReceivedInitiation initiation, const PresharedKey& psk,
                                       SessionIndex local, Rng& rng) {
  Ephemeral ephemeral;
  ephemeral.key = generate_private_key(rng);
  agree(wanted(ephemeral, initiation));
  return respond(std::move(initiation), psk, local, std::move(ephemeral));
}

inline std::optional<TransportKeys> finish(const SentInitiation& sent,
                                           const LocalIdentity& identity, const PresharedKey& psk,
                                           const ResponseMessage& message) {
  ResponseProducts products;
  agree(wanted(products, sent, identity, message));
  return finish(sent, products, psk, message);
}

}  // namespace wring
