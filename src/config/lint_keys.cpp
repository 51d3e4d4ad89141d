// Finds keys that are in the place of another.
#include <sodium.h>

#include <map>

#include "config/lint.h"
#include "crypto/key_text.h"

namespace wring::config {
namespace {

void warn(Diagnostics& diagnostics, Position at, std::string_view code, std::string what,
          std::string cure) {
  diagnostics.add(Severity::kWarning, at, kKeyTextSize, {code, std::move(what), std::move(cure)});
}

bool are_equal(const Bytes<32>& a, const Bytes<32>& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The keys of one peer against our own.
void lint_peer(const Peer& peer, const PrivateKey* own, const PublicKey& own_public,
               Diagnostics& diagnostics) {
  if (peer.public_key && peer.public_key->value.is_zero()) {
    warn(diagnostics, peer.public_key->at, "zero-key", "this key is all zeros, so nobody has it",
         "write the key that `wring pubkey` prints on the peer");
  }
  if (own != nullptr && peer.public_key) {
    const auto& [key, at] = *peer.public_key;
    if (key == own_public) {
      warn(diagnostics, at, "own-key", "this is our own public key, of the PrivateKey above",
           "write the key that `wring pubkey` prints on the peer");
    } else if (are_equal(key.bytes, own->reveal())) {
      warn(diagnostics, at, "swapped-keys", "this is the PrivateKey above",
           "write the peer's public key, and make a new PrivateKey if others have seen this file");
    }
  }
  if (!peer.preshared_key) return;
  const auto& [psk, at] = *peer.preshared_key;
  const bool is_public = peer.public_key && are_equal(psk.reveal(), peer.public_key->value.bytes);
  const bool is_own = own != nullptr && (are_equal(psk.reveal(), own->reveal()) ||
                                         are_equal(psk.reveal(), own_public.bytes));
  if (psk.is_zero() || (!is_public && !is_own)) return;
  warn(diagnostics, at, "swapped-keys",
       std::string("this is the same as ") + (is_public ? "PublicKey" : "our own key"),
       "write what `wring genpsk` prints, the same on both sides");
}

}  // namespace

void lint_keys(const TunnelConfig& config, Diagnostics& diagnostics) {
  const auto& own = config.interface.private_key;
  PublicKey own_public;
  if (own && own->value.is_zero()) {
    warn(diagnostics, own->at, "zero-key", "this key is all zeros, which means none",
         "write what `wring genkey` prints");
  } else if (own) {
    PrivateKey clamped = own->value.clone();
    clamp(clamped);
    own_public = derive_public_key(clamped);
  }
  const bool usable = own && !own->value.is_zero();
  std::map<PublicKey, const Peer*> seen;
  for (const Peer& peer : config.peers) {
    lint_peer(peer, usable ? &own->value : nullptr, own_public, diagnostics);
    if (!peer.public_key) continue;
    const auto [first, is_new] = seen.insert({peer.public_key->value, &peer});
    if (is_new) continue;
    warn(diagnostics, peer.public_key->at, "peer-twice",
         "the peer in line " + std::to_string(first->second->at.line) +
             " has this key, too: what is here replaces its AllowedIPs",
         "write one [Peer] with all of it, or the key of another peer");
  }
}

}  // namespace wring::config
