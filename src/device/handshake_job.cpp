#include "device/handshake_job.h"

#include <utility>

namespace wring {
namespace {

// Whether it is still to be made: then it is wanted.
bool want(StaticStatic& secret, const LocalIdentity& identity, const PublicKey& remote,
          Agreements& wanted) {
  if (secret) return false;
  wanted.push_back({&identity.private_key(), &remote.bytes, &secret.emplace()});
  return true;
}

// Whether there is one.
bool settle(StaticStatic& secret) {
  if (secret && secret->is_zero()) secret.reset();
  return secret.has_value();
}

template <std::size_t N>
void append(Agreements& wanted, const std::array<Agreement, N>& more) {
  wanted.insert(wanted.end(), more.begin(), more.end());
}

}  // namespace

void IdentifyWork::proceed(const LocalIdentity& identity, Rng& /*rng*/, Agreements& wanted) {
  if (!std::exchange(begun, true)) {
    wanted.push_back({&identity.private_key(), &message.ephemeral, &static_ephemeral});
  } else {
    identified = identify_initiator(identity, message, static_ephemeral);
  }
}

void AnswerWork::proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted) {
  if (!std::exchange(begun, true) &&
      want(static_static, identity, identified.remote_static, wanted)) {
    return;
  }
  if (received) {
    response = respond(std::move(*received), preshared_key, SessionIndex{}, std::move(ephemeral));
  } else if (is_acceptable()) {
    ephemeral.key = generate_private_key(rng);
    append(wanted, wring::wanted(ephemeral, *received));
  }
}

bool AnswerWork::is_acceptable() {
  refused = DropReason::kHandshakeForged;
  if (!settle(static_static)) return false;
  received = authenticate_initiation(std::move(identified), message, *static_static);
  if (!received) return false;
  timestamp = received->timestamp;
  if (timestamp <= newer_than) {
    refused = DropReason::kHandshakeReplayed;
  } else if (too_soon) {
    refused = DropReason::kHandshakeFlood;
  } else {
    return true;
  }
  return false;
}

void InitiateWork::proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted) {
  if (!std::exchange(begun, true)) {
    static_cast<void>(want(static_static, identity, remote_static, wanted));
    ephemeral.key = generate_private_key(rng);
    append(wanted, wring::wanted(ephemeral, remote_static));
  } else if (settle(static_static)) {
    initiation = initiate(identity, remote_static, *static_static, SessionIndex{}, stamp,
                          std::move(ephemeral));
  }
}

void FinishWork::proceed(const LocalIdentity& identity, Rng& /*rng*/, Agreements& wanted) {
  if (!std::exchange(begun, true)) {
    append(wanted, wring::wanted(products, sent, identity, message));
  } else {
    keys = finish(sent, products, preshared_key, message);
  }
}

void run(std::span<HandshakeJob* const> jobs, Rng& rng) {
  std::vector<HandshakeJob*> unfinished(jobs.begin(), jobs.end());
  Agreements wanted;
  while (!unfinished.empty()) {
    wanted.clear();
    std::erase_if(unfinished, [&](HandshakeJob* job) {
      const std::size_t before = wanted.size();
      std::visit([&](auto& work) { work.proceed(*job->identity, rng, wanted); }, job->work);
      return wanted.size() == before;
    });
    agree(wanted);
  }
}

}  // namespace wring
