// P31 to P33: who may make us work, and how a peer under load says so.
#include "noise/cookie.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/hex.h"
#include "tests/support/seeded_rng.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

class Cookies : public testing::Test {
 protected:
  using Wire = Bytes<148>;

  // An initiation of which only the MACs are real, stamped now.
  Wire stamped() {
    Wire wire{1};
    rng_.fill(MutByteSpan(wire).subspan(4, 112));
    stamper_.stamp(wire, now_);
    return wire;
  }
  CookieReplyMessage reply_to(const Wire& wire) {
    return checker_.make_reply(wire, source_, SessionIndex{7}, now_, rng_);
  }
  bool has_valid_mac2(const Wire& wire) { return checker_.check_mac2(wire, source_, now_, rng_); }
  static bool has_mac2(const Wire& wire) { return load<Bytes<16>>(wire, 132) != Bytes<16>{}; }
  void take_cookie() { ASSERT_TRUE(stamper_.consume_reply(reply_to(stamped()), now_)); }

  test::SeededRng rng_{33};
  PublicKey responder_ = derive_public_key(generate_private_key(rng_));
  MacStamper stamper_{responder_};
  MacChecker checker_{responder_};
  Bytes<6> source_{192, 0, 2, 7, 0xca, 0x6c};
  TimePoint now_{1000s};
};

// P31
TEST_F(Cookies, mac1_covers_every_bit_before_it) {
  const Wire wire = stamped();
  EXPECT_TRUE(checker_.check_mac1(wire));
  for (std::size_t bit = 0; bit < 132 * 8; ++bit) {
    Wire forged = wire;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(checker_.check_mac1(forged)) << "bit " << bit;
  }
}

// P31
TEST_F(Cookies, mac1_shows_knowledge_of_our_public_key) {
  const Wire wire = stamped();
  checker_.set_identity(derive_public_key(generate_private_key(rng_)));
  EXPECT_FALSE(checker_.check_mac1(wire));
  checker_.set_identity(responder_);
  EXPECT_TRUE(checker_.check_mac1(wire));
}

TEST_F(Cookies, nothing_passes_without_an_identity) {
  const Wire wire = stamped();
  MacChecker nobody;
  EXPECT_FALSE(nobody.check_mac1(wire));
  EXPECT_FALSE(nobody.check_mac2(wire, source_, now_, rng_));
}

TEST_F(Cookies, messages_too_short_for_their_macs_are_refused) {
  const Bytes<32> only_macs{};
  for (std::size_t size = 0; size <= only_macs.size(); ++size) {
    EXPECT_FALSE(checker_.check_mac1(ByteSpan(only_macs).first(size)));
    EXPECT_FALSE(checker_.check_mac2(ByteSpan(only_macs).first(size), source_, now_, rng_));
  }
}

TEST_F(Cookies, mac2_is_zero_until_there_is_a_cookie) {
  const Wire wire = stamped();
  EXPECT_FALSE(has_mac2(wire));
  EXPECT_FALSE(has_valid_mac2(wire));
}

// P32
TEST_F(Cookies, a_message_stamped_with_the_cookie_passes) {
  const Wire first = stamped();
  const CookieReplyMessage reply = reply_to(first);
  EXPECT_EQ(reply.receiver, 7U);
  EXPECT_TRUE(stamper_.consume_reply(reply, now_));
  const Wire second = stamped();
  EXPECT_TRUE(checker_.check_mac1(second));
  EXPECT_TRUE(has_valid_mac2(second));
  for (std::size_t bit = 0; bit < second.size() * 8; ++bit) {
    Wire forged = second;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(has_valid_mac2(forged)) << "bit " << bit;
  }
}

// P33
TEST_F(Cookies, a_cookie_is_bound_to_address_and_port) {
  take_cookie();
  const Wire wire = stamped();
  EXPECT_TRUE(has_valid_mac2(wire));
  for (std::size_t bit = 0; bit < source_.size() * 8; ++bit) {
    Bytes<6> other = source_;
    other[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(checker_.check_mac2(wire, other, now_, rng_)) << "bit " << bit;
  }
}

// P33
TEST_F(Cookies, a_cookie_is_used_for_115_seconds) {
  take_cookie();
  now_ += 115s - 1ns;
  EXPECT_TRUE(has_mac2(stamped()));
  now_ += 1ns;
  EXPECT_FALSE(has_mac2(stamped()));
  now_ -= 60s;
  EXPECT_FALSE(has_mac2(stamped())) << "it is gone for good";
}

// P33
TEST_F(Cookies, the_secret_changes_every_120_seconds) {
  take_cookie();
  const Wire wire = stamped();
  now_ += 120s - 1ns;
  EXPECT_TRUE(has_valid_mac2(wire));
  now_ += 1ns;
  EXPECT_FALSE(has_valid_mac2(wire));
  now_ -= 60s;
  EXPECT_FALSE(has_valid_mac2(wire)) << "the old secret is gone for good";
}

// P33
TEST_F(Cookies, a_new_cookie_replaces_the_old_one) {
  take_cookie();
  now_ += 120s;
  take_cookie();
  EXPECT_TRUE(has_valid_mac2(stamped()));
}

// P33
TEST_F(Cookies, one_reply_is_taken_for_each_mac1) {
  const Wire wire = stamped();
  const CookieReplyMessage first = reply_to(wire);
  const CookieReplyMessage second = reply_to(wire);
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_TRUE(stamper_.consume_reply(first, now_));
  EXPECT_FALSE(stamper_.consume_reply(first, now_));
  EXPECT_FALSE(stamper_.consume_reply(second, now_));
  EXPECT_TRUE(has_valid_mac2(stamped()));
}

// P33
TEST_F(Cookies, a_reply_to_an_earlier_message_is_refused) {
  const Wire old = stamped();
  const Wire latest = stamped();
  EXPECT_FALSE(stamper_.consume_reply(reply_to(old), now_));
  EXPECT_TRUE(stamper_.consume_reply(reply_to(latest), now_));
}

TEST_F(Cookies, a_reply_to_nothing_is_refused) {
  const CookieReplyMessage reply = reply_to(stamped());
  MacStamper silent(responder_);
  EXPECT_FALSE(silent.consume_reply(reply, now_));
}

// P12. Type and receiver, the first 8 bytes, are for the caller to look at.
TEST_F(Cookies, a_forged_reply_changes_nothing) {
  const Wire wire = stamped();
  const CookieReplyMessage reply = reply_to(wire);
  for (std::size_t bit = 8 * 8; bit < sizeof reply * 8; ++bit) {
    auto bytes = load<Bytes<sizeof reply>>(as_bytes(reply));
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(stamper_.consume_reply(load<CookieReplyMessage>(bytes), now_)) << "bit " << bit;
  }
  EXPECT_TRUE(stamper_.consume_reply(reply, now_));
}

// P12
TEST_F(Cookies, a_forged_reply_leaves_an_earlier_cookie_in_use) {
  take_cookie();
  CookieReplyMessage forged = reply_to(stamped());
  forged.cookie[0] ^= 1;
  EXPECT_FALSE(stamper_.consume_reply(forged, now_));
  EXPECT_TRUE(has_valid_mac2(stamped()));
}

}  // namespace
}  // namespace wring
