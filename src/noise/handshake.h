// The Noise_IKpsk2 handshake of [WG] 5.4 as functions over values.
//
//   initiator                                            responder
//   initiate()            --- InitiationMessage --->     identify_initiator()
//                                                        authenticate_initiation()
//   finish()              <--- ResponseMessage ----      respond()
//
// Nearly all that a handshake costs are Curve25519 products, so the functions are given them: what
// a struct lists by wanted() is to be computed first (agreement.h), together with what other
// handshakes want. For who has but one handshake there are the same functions with the products
// computed within.
//
// No function changes what it is given: it returns the next state, or nothing when the message is
// not authentic or a Curve25519 product is all zeros. A forged message therefore leaves everything
// as it was. The MACs of a message that comes back are zero, to be stamped by a MacStamper; those
// of a message that goes in are not looked at here, a MacChecker has done that before.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/rng.h"
#include "crypto/agreement.h"
#include "crypto/keys.h"
#include "noise/identity.h"
#include "noise/messages.h"
#include "noise/tai64n.h"

namespace wring {

// What a finished handshake leaves, [WG] 5.4.5.
struct TransportKeys {
  SymmetricKey send;
  SymmetricKey receive;
  SessionIndex local_index;
  SessionIndex remote_index;
  bool is_initiator = false;
};

// What the initiator keeps until the response comes.
struct SentInitiation {
  PrivateKey ephemeral;
  Bytes<32> hash{};
  ChainingKey chaining_key;
  SessionIndex local_index;

  [[nodiscard]] SentInitiation clone() const {
    return {ephemeral.clone(), hash, chaining_key.clone(), local_index};
  }
};

struct Initiation {
  InitiationMessage message;
  SentInitiation state;

  // Only the MACs cover our index, so that it may be chosen once the costly part is done.
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
  SharedSecret with_ephemeral;  // not in an initiation, where there is none yet

  [[nodiscard]] PublicKey public_key() const { return PublicKey{with_base.reveal()}; }
};

// Ephemeral::key is generated. These are to be computed before initiate().
[[nodiscard]] std::array<Agreement, 2> wanted(Ephemeral& ephemeral, const PublicKey& remote_static);

// [WG] 5.4.2. `static_static` is identity.agree_with(remote_static).
[[nodiscard]] std::optional<Initiation> initiate(const LocalIdentity& identity,
                                                 const PublicKey& remote_static,
                                                 const SharedSecret& static_static,
                                                 SessionIndex local, const Tai64n& timestamp,
                                                 Ephemeral ephemeral);
[[nodiscard]] std::optional<Initiation> initiate(const LocalIdentity& identity,
                                                 const PublicKey& remote_static,
                                                 const SharedSecret& static_static,
                                                 SessionIndex local, const Tai64n& timestamp,
                                                 Rng& rng);

// Who an initiation says it is from. Its sender knows our public key and this remote one, but has
// not shown yet that it owns the latter: no more than a look-up may follow from this.
struct IdentifiedInitiation {
  PublicKey remote_static;
  Bytes<32> hash{};
  ChainingKey chaining_key;
};

// The first half of receiving an initiation. `static_ephemeral` is our static key's product with
// the message's ephemeral key.
[[nodiscard]] std::optional<IdentifiedInitiation> identify_initiator(
    const LocalIdentity& identity, const InitiationMessage& message,
    const SharedSecret& static_ephemeral);
[[nodiscard]] std::optional<IdentifiedInitiation> identify_initiator(
    const LocalIdentity& identity, const InitiationMessage& message);

// An initiation that the owner of `remote_static` made, now or some time ago: the caller still has
// to compare the timestamp with the last one that it accepted from this peer.
struct ReceivedInitiation {
  PublicKey remote_static;
  PublicKey remote_ephemeral;
  SessionIndex remote_index;
  Tai64n timestamp;
  Bytes<32> hash{};
  ChainingKey chaining_key;
};

// The second half; `static_static` is that of the peer found by `identified.remote_static`.
[[nodiscard]] std::optional<ReceivedInitiation> authenticate_initiation(
    IdentifiedInitiation identified, const InitiationMessage& message,
    const SharedSecret& static_static);

struct Response {
  ResponseMessage message;
  TransportKeys keys;
  PrivateKey ephemeral;  // of no further use, but for a key log

  // As Initiation::set_index().
  void set_index(SessionIndex local) {
    message.sender = local.value;
    keys.local_index = local;
  }
};

// Ephemeral::key is generated. These are to be computed before respond().
[[nodiscard]] std::array<Agreement, 3> wanted(Ephemeral& ephemeral,
                                              const ReceivedInitiation& initiation);

// [WG] 5.4.3
[[nodiscard]] std::optional<Response> respond(ReceivedInitiation initiation,
                                              const PresharedKey& psk, SessionIndex local,
                                              Ephemeral ephemeral);
[[nodiscard]] std::optional<Response> respond(ReceivedInitiation initiation,
                                              const PresharedKey& psk, SessionIndex local,
                                              Rng& rng);

// The products of the response's ephemeral key with both of ours.
struct ResponseProducts {
  SharedSecret with_ephemeral;
  SharedSecret with_static;
};

// These are to be computed before finish().
[[nodiscard]] std::array<Agreement, 2> wanted(ResponseProducts& products,
                                              const SentInitiation& sent,
                                              const LocalIdentity& identity,
                                              const ResponseMessage& message);

// What the initiator does with a response; one that bears another receiver index is refused.
[[nodiscard]] std::optional<TransportKeys> finish(const SentInitiation& sent,
                                                  const ResponseProducts& products,
                                                  const PresharedKey& psk,
                                                  const ResponseMessage& message);
[[nodiscard]] std::optional<TransportKeys> finish(const SentInitiation& sent,
                                                  const LocalIdentity& identity,
                                                  const PresharedKey& psk,
                                                  const ResponseMessage& message);

}  // namespace wring
