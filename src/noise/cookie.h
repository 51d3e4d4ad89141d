// The two MACs that end each handshake message, and the cookie replies of a peer under load:
// [WG] 5.3, 5.4.4 and 5.4.7. A message here is an InitiationMessage or a ResponseMessage in full,
// MACs included.
#pragma once

#include <chrono>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/rng.h"
#include "crypto/keys.h"
#include "crypto/secret.h"
#include "noise/messages.h"

namespace wring {

// How long the responder keeps one cookie secret, and how long the initiator uses a cookie made
// from it: 5 s less, because the message takes time to arrive.
inline constexpr Duration kCookieSecretLifetime = std::chrono::seconds(120);  // [WG] 5.4.7
inline constexpr Duration kCookieLifetime = std::chrono::seconds(115);

using Cookie = Secret<16, struct CookieTag>;

// Keys derived from the public key of a message's receiver. They are not secret.
struct MacKeys {
  explicit MacKeys(const PublicKey& receiver);
  Bytes<32> mac1;
  Bytes<32> cookie;
};

// Stamps what we send to one peer, and keeps the cookie that the peer gave us. One thread.
class MacStamper {
 public:
  explicit MacStamper(const PublicKey& remote) : keys_(remote) {}

  // Writes mac1, and mac2 if there is a cookie younger than 115 s (zeros if not).
  void stamp(MutByteSpan message, TimePoint now);
  // Takes the cookie from an authentic reply to the message stamped last, once for each message.
  // Returns false and changes nothing for any other reply.
  [[nodiscard]] bool consume_reply(const CookieReplyMessage& reply, TimePoint now);

 private:
  struct DatedCookie {
    Cookie cookie;
    TimePoint received;
  };
  MacKeys keys_;
  // mac1 of the message stamped last, until a reply to it was taken.
  std::optional<Bytes<16>> unanswered_mac1_;
  std::optional<DatedCookie> cookie_;
};

// Checks the MACs of received messages, and hands out cookies. One thread. Without an identity no
// message passes.
class MacChecker {
 public:
  MacChecker() = default;
  explicit MacChecker(const PublicKey& local) { set_identity(local); }

  void set_identity(const PublicKey& local) { keys_.emplace(local); }

  // Returns whether the sender knows our public key. Cheap, because it needs no Curve25519.
  [[nodiscard]] bool check_mac1(ByteSpan message) const;
  // Returns whether the sender has a current cookie of ours for the source of the message. `source`
  // is the address and port as bytes. The caller always encodes them in the same way.
  [[nodiscard]] bool check_mac2(ByteSpan message, ByteSpan source, TimePoint now, Rng& rng);
  // Makes the cookie reply to a message with a valid mac1. `receiver` is the message's sender
  // index. There must be an identity.
  [[nodiscard]] CookieReplyMessage make_reply(ByteSpan message, ByteSpan source,
                                              SessionIndex receiver, TimePoint now, Rng& rng);

 private:
  struct DatedSecret {
    Secret<32, struct CookieSecretTag> secret;
    TimePoint made;
  };
  Cookie cookie_for(ByteSpan source, TimePoint now, Rng& rng);

  std::optional<MacKeys> keys_;
  std::optional<DatedSecret> secret_;
};

}  // namespace wring
