#include "dataplane/handshake_job.h"

namespace wring {
namespace {

bool ensure(StaticStatic& secret, const LocalIdentity& identity, const PublicKey& remote) {
  if (!secret) secret = identity.agree_with(remote);
  return secret.has_value();
}

}  // namespace

void IdentifyWork::run(const LocalIdentity& identity, Rng& /*rng*/) {
  identified = identify_initiator(identity, message);
}

void AnswerWork::run(const LocalIdentity& identity, Rng& rng) {
  refused = DropReason::kHandshakeForged;
  if (!ensure(static_static, identity, identified.remote_static)) return;
  std::optional<ReceivedInitiation> initiation =
      authenticate_initiation(std::move(identified), message, *static_static);
  if (!initiation) return;
  timestamp = initiation->timestamp;
  if (timestamp <= newer_than) {
    refused = DropReason::kHandshakeReplayed;
  } else if (too_soon) {
    refused = DropReason::kHandshakeFlood;
  } else {
    response = respond(std::move(*initiation), preshared_key, SessionIndex{}, rng);
  }
}

void InitiateWork::run(const LocalIdentity& identity, Rng& rng) {
  if (!ensure(static_static, identity, remote_static)) return;
  initiation = initiate(identity, remote_static, *static_static, SessionIndex{}, stamp, rng);
}

void FinishWork::run(const LocalIdentity& identity, Rng& /*rng*/) {
  keys = finish(sent, identity, preshared_key, message);
}

}  // namespace wring
