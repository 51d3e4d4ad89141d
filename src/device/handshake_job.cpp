// Runs the costly part of handshakes, step by step.
#include "device/handshake_job.h"

#include <utility>

namespace wring {
namespace {

// Requests the static-static secret if there is none, and returns whether it did.
bool request(StaticStatic& secret, const LocalIdentity& identity, const PublicKey& remote,
             Agreements& wanted) {
  if (secret) return false;
  wanted.push_back({&identity.private_key(), &remote.bytes, &secret.emplace()});
  return true;
}

// Drops a secret of zeros (P17). Returns whether one is left.
bool keep_if_valid(StaticStatic& secret) {
  if (secret && secret->is_zero()) secret.reset();
  return secret.has_value();
}

template <std::size_t N>
void append(Agreements& wanted, const std::array<Agreement, N>& more) {
  wanted.insert(wanted.end(), more.begin(), more.end());
}

}  // namespace

void IdentifyWork::proceed(const LocalIdentity& identity, Rng& /*rng*/, Agreements& wanted) {
  switch (step) {
    case Step::kRequestProduct:
      step = Step::kIdentify;
      wanted.push_back({&identity.private_key(), &message.ephemeral, &static_ephemeral});
      return;
    case Step::kIdentify:
      identified = identify_initiator(identity, message, static_ephemeral);
      return;
  }
}

void AnswerWork::proceed(const LocalIdentity& identity, Rng& rng, Agreements& wanted) {
  switch (step) {
    case Step::kRequestStaticStatic:
      step = Step::kAuthenticate;
      if (request(static_static, identity, identified.remote_static, wanted)) return;
      [[fallthrough]];
    case Step::kAuthenticate:
      step = Step::kRespond;
      if (!is_acceptable()) return;
      ephemeral.key = generate_private_key(rng);
      append(wanted, wring::wanted(ephemeral, *received));
      return;
    case Step::kRespond:
      response = respond(std::move(*received), preshared_key, SessionIndex{}, std::move(ephemeral));
      return;
  }
}

bool AnswerWork::is_acceptable() {
  refused = DropReason::kHandshakeForged;
  if (!keep_if_valid(static_static)) return false;
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
  switch (step) {
    case Step::kRequestProducts:
      step = Step::kInitiate;
      static_cast<void>(request(static_static, identity, remote_static, wanted));
      ephemeral.key = generate_private_key(rng);
      append(wanted, wring::wanted(ephemeral, remote_static));
      return;
    case Step::kInitiate:
      if (!keep_if_valid(static_static)) return;
      initiation = initiate(identity, remote_static, *static_static, SessionIndex{}, stamp,
                            std::move(ephemeral));
      return;
  }
}

void FinishWork::proceed(const LocalIdentity& identity, Rng& /*rng*/, Agreements& wanted) {
  switch (step) {
    case Step::kRequestProducts:
      step = Step::kFinish;
      append(wanted, wring::wanted(products, sent, identity, message));
      return;
    case Step::kFinish:
      keys = finish(sent, products, preshared_key, message);
      return;
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
