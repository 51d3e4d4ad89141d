// The Noise_IKpsk2 handshake of [WG] 5.4 as functions over values.
//
//   initiator                                            responder
//   initiate()            --- InitiationMessage --->     identify_initiator()
//                                                        authenticate_initiation()
//   finish()              <--- ResponseMessage ----      respond()
//
// Nearly all the cost of a handshake is in its Curve25519 products, so the functions take them as
// arguments. wanted() lists the products that a step needs. The caller computes them first,
// together with those of other handshakes (agreement.h).
//
// No function changes its arguments. Each returns the next state, or nothing if the message is not
// authentic or a product is all zeros. A forged message therefore changes nothing. The MACs of a
// returned message are zero until a MacStamper writes them. The MACs of a received message are not
// checked here, because a MacChecker has checked them before.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "crypto/agreement.h"
#include "crypto/keys.h"
#include "noise/identity.h"
#include "noise/messages.h"
#include "noise/tai64n.h"

namespace wring {

// The result of a handshake, [WG] 5.4.5.
struct TransportKeys {
  SymmetricKey send;
  SymmetricKey receive;
  SessionIndex local_index;
  SessionIndex remote_index;
  bool is_initiator = false;
};

// The initiator's state until the response arrives.
struct SentInitiation {
  PrivateKey ephemeral;
  HandshakeHash hash;
  ChainingKey chaining_key;
  SessionIndex local_index;

  [[nodiscard]] SentInitiation clone() const {
    return {ephemeral.clone(), hash.clone(), chaining_key.clone(), local_index};
  }
};

struct Initiation {
  InitiationMessage message;
  SentInitiation state;

  // Only the MACs cover our index, so the caller may choose it after the costly part.
  void set_index(SessionIndex local) {
    message.sender = local.value;
    state.local_index = local;
  }
};

// A key pair for one handshake, and its products with the other side's keys.
struct Ephemeral {
  PrivateKey key;
  SharedSecret with_base;  // the public key
  SharedSecret with_static;
  SharedSecret with_ephemeral;  // unused in an initiation: the other side has none yet

  [[nodiscard]] PublicKey public_key() const { return PublicKey{with_base.reveal()}; }
};

// The products that initiate() needs. Ephemeral::key has been generated.
[[nodiscard]] std::array<Agreement, 2> wanted(Ephemeral& ephemeral, const PublicKey& remote_static);

// [WG] 5.4.2. `static_static` is the product of our static key and the remote one.
[[nodiscard]] std::optional<Initiation> initiate(const LocalIdentity& identity,
                                                 const PublicKey& remote_static,
                                                 const SharedSecret& static_static,
                                                 SessionIndex local, const Tai64n& timestamp,
                                                 Ephemeral ephemeral);

// Who an initiation says it is from. Its sender knows our public key and the remote one, but has
// not proved that it owns the remote one. Use this for nothing but a look-up.
struct IdentifiedInitiation {
  PublicKey remote_static;
  HandshakeHash hash;
  ChainingKey chaining_key;
};

// The first half of receiving an initiation. `static_ephemeral` is our static key's product with
// the message's ephemeral key.
[[nodiscard]] std::optional<IdentifiedInitiation> identify_initiator(
    const LocalIdentity& identity, const InitiationMessage& message,
    const SharedSecret& static_ephemeral);

// An initiation that the owner of `remote_static` made. It may be a replay: the caller compares the
// timestamp with the last one that it accepted from this peer (P5).
struct ReceivedInitiation {
  PublicKey remote_static;
  PublicKey remote_ephemeral;
  SessionIndex remote_index;
  Tai64n timestamp;
  HandshakeHash hash;
  ChainingKey chaining_key;
};

// The second half; `static_static` is that of the peer found by `identified.remote_static`.
[[nodiscard]] std::optional<ReceivedInitiation> authenticate_initiation(
    IdentifiedInitiation identified, const InitiationMessage& message,
    const SharedSecret& static_static);

struct Response {
  ResponseMessage message;
  TransportKeys keys;
  PrivateKey ephemeral;  // only a key log needs it from here on

  // As Initiation::set_index().
  void set_index(SessionIndex local) {
    message.sender = local.value;
    keys.local_index = local;
  }
};

// The products that respond() needs. Ephemeral::key has been generated.
[[nodiscard]] std::array<Agreement, 3> wanted(Ephemeral& ephemeral,
                                              const ReceivedInitiation& initiation);

// [WG] 5.4.3
[[nodiscard]] std::optional<Response> respond(ReceivedInitiation initiation,
                                              const PresharedKey& psk, SessionIndex local,
                                              Ephemeral ephemeral);

// The products of the response's ephemeral key with both of ours.
struct ResponseProducts {
  SharedSecret with_ephemeral;
  SharedSecret with_static;
};

// The products that finish() needs.
[[nodiscard]] std::array<Agreement, 2> wanted(ResponseProducts& products,
                                              const SentInitiation& sent,
                                              const LocalIdentity& identity,
                                              const ResponseMessage& message);

// What the initiator does with a response. Refuses a response to another receiver index.
[[nodiscard]] std::optional<TransportKeys> finish(const SentInitiation& sent,
                                                  const ResponseProducts& products,
                                                  const PresharedKey& psk,
                                                  const ResponseMessage& message);

}  // namespace wring
