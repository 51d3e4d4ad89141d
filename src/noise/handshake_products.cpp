// Which Curve25519 products the handshake's functions want, and the functions that compute them
// within.
#include <utility>

#include "noise/handshake.h"

namespace wring {

std::array<Agreement, 2> wanted(Ephemeral& ephemeral, const PublicKey& remote_static) {
  return {{{&ephemeral.key, &kBasePoint, &ephemeral.with_base},
           {&ephemeral.key, &remote_static.bytes, &ephemeral.with_static}}};
}

std::array<Agreement, 3> wanted(Ephemeral& ephemeral, const ReceivedInitiation& initiation) {
  return {{{&ephemeral.key, &kBasePoint, &ephemeral.with_base},
           {&ephemeral.key, &initiation.remote_static.bytes, &ephemeral.with_static},
           {&ephemeral.key, &initiation.remote_ephemeral.bytes, &ephemeral.with_ephemeral}}};
}

std::array<Agreement, 2> wanted(ResponseProducts& products, const SentInitiation& sent,
                                const LocalIdentity& identity, const ResponseMessage& message) {
  return {{{&sent.ephemeral, &message.ephemeral, &products.with_ephemeral},
           {&identity.private_key(), &message.ephemeral, &products.with_static}}};
}

std::optional<Initiation> initiate(const LocalIdentity& identity, const PublicKey& remote_static,
                                   const SharedSecret& static_static, SessionIndex local,
                                   const Tai64n& timestamp, Rng& rng) {
  Ephemeral ephemeral;
  ephemeral.key = generate_private_key(rng);
  agree(wanted(ephemeral, remote_static));
  return initiate(identity, remote_static, static_static, local, timestamp, std::move(ephemeral));
}

std::optional<IdentifiedInitiation> identify_initiator(const LocalIdentity& identity,
                                                       const InitiationMessage& message) {
  SharedSecret static_ephemeral;
  agree(std::array{Agreement{&identity.private_key(), &message.ephemeral, &static_ephemeral}});
  return identify_initiator(identity, message, static_ephemeral);
}

std::optional<Response> respond(ReceivedInitiation initiation, const PresharedKey& psk,
                                SessionIndex local, Rng& rng) {
  Ephemeral ephemeral;
  ephemeral.key = generate_private_key(rng);
  agree(wanted(ephemeral, initiation));
  return respond(std::move(initiation), psk, local, std::move(ephemeral));
}

std::optional<TransportKeys> finish(const SentInitiation& sent, const LocalIdentity& identity,
                                    const PresharedKey& psk, const ResponseMessage& message) {
  ResponseProducts products;
  agree(wanted(products, sent, identity, message));
  return finish(sent, products, psk, message);
}

}  // namespace wring
