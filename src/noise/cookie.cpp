// Writes and checks the MACs of handshake messages, and makes and reads cookie replies.
#include "noise/cookie.h"

#include <sodium.h>

#include <cassert>
#include <string_view>

#include "crypto/aead.h"
#include "crypto/blake2s.h"

namespace wring {
namespace {

constexpr std::size_t kMacSize = 16;

// A message ends in its two MACs. mac1 covers everything before it, and mac2 covers mac1 as well.
// [WG] 5.4.4
ByteSpan under_mac1(ByteSpan message) {
  return message.first(message.size() - 2 * kMacSize);
}
ByteSpan under_mac2(ByteSpan message) {
  return message.first(message.size() - kMacSize);
}
Bytes<16> mac1_of(ByteSpan message) {
  return load<Bytes<16>>(message, message.size() - 2 * kMacSize);
}
Bytes<16> mac2_of(ByteSpan message) {
  return load<Bytes<16>>(message, message.size() - kMacSize);
}

bool equal_in_constant_time(const Bytes<16>& a, const Bytes<16>& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

Bytes<32> labelled_hash(std::string_view label, const PublicKey& key) {
  return blake2s(
      {ByteSpan(reinterpret_cast<const std::uint8_t*>(label.data()), label.size()), key.bytes});
}

}  // namespace

MacKeys::MacKeys(const PublicKey& receiver)
    : mac1(labelled_hash("mac1----", receiver)), cookie(labelled_hash("cookie--", receiver)) {}

void MacStamper::stamp(MutByteSpan message, TimePoint now) {
  assert(message.size() > 2 * kMacSize);
  const Bytes<16> mac1 = blake2s_mac(keys_.mac1, under_mac1(message));
  store(message, mac1, message.size() - 2 * kMacSize);
  unanswered_mac1_ = mac1;
  if (cookie_ && now - cookie_->received >= kCookieLifetime) cookie_.reset();
  const Bytes<16> mac2 =
      cookie_ ? blake2s_mac(cookie_->cookie.reveal(), under_mac2(message)) : Bytes<16>{};
  store(message, mac2, message.size() - kMacSize);
}

bool MacStamper::consume_reply(const CookieReplyMessage& reply, TimePoint now) {
  if (!unanswered_mac1_) return false;
  Cookie cookie;
  if (!xaead_open(keys_.cookie, reply.nonce, reply.cookie, *unanswered_mac1_, cookie.writable())) {
    return false;
  }
  unanswered_mac1_.reset();
  cookie_.emplace(DatedCookie{std::move(cookie), now});
  return true;
}

bool MacChecker::check_mac1(ByteSpan message) const {
  return keys_ && message.size() > 2 * kMacSize &&
         equal_in_constant_time(blake2s_mac(keys_->mac1, under_mac1(message)), mac1_of(message));
}

bool MacChecker::check_mac2(ByteSpan message, ByteSpan source, TimePoint now, Rng& rng) {
  if (!keys_ || message.size() <= 2 * kMacSize) return false;
  const Bytes<16> mac2 = mac2_of(message);
  // Zeros: the sender has no cookie. Most messages of a flood are like that. [WG] 5.4.4
  if (mac2 == Bytes<16>{}) return false;
  const Cookie cookie = cookie_for(source, now, rng);
  return equal_in_constant_time(blake2s_mac(cookie.reveal(), under_mac2(message)), mac2);
}

CookieReplyMessage MacChecker::make_reply(ByteSpan message, ByteSpan source, SessionIndex receiver,
                                          TimePoint now, Rng& rng) {
  assert(keys_ && message.size() > 2 * kMacSize);
  CookieReplyMessage reply;
  reply.receiver = receiver.value;
  rng.fill(reply.nonce);
  const Cookie cookie = cookie_for(source, now, rng);
  xaead_seal(keys_->cookie, reply.nonce, cookie.reveal(), mac1_of(message), reply.cookie);
  return reply;
}

Cookie MacChecker::cookie_for(ByteSpan source, TimePoint now, Rng& rng) {
  if (!secret_ || now - secret_->made >= kCookieSecretLifetime) {
    secret_.emplace();
    rng.fill(secret_->secret.writable());
    secret_->made = now;
  }
  return Cookie(blake2s_mac(secret_->secret.reveal(), source));
}

}  // namespace wring
