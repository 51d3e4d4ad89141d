// Lists the Curve25519 products that each step of a handshake needs.
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

}  // namespace wring
