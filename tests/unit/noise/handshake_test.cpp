// What must hold for every handshake, and what must be refused.
#include "noise/handshake.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/hex.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/whole_handshake.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

// A point of order 8: every product with it is zero.
const PublicKey kLowOrder{
    test::hex_bytes<32>("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")};

class Handshake : public testing::Test {
 protected:
  Initiation start() {
    return std::move(*initiate(initiator_, responder_.public_key(), static_static_,
                               SessionIndex{11}, stamp_, rng_));
  }
  // The responder's side up to the point where the caller compares timestamps.
  std::optional<ReceivedInitiation> receive(const InitiationMessage& message) {
    auto identified = identify_initiator(responder_, message);
    if (!identified) return std::nullopt;
    return authenticate_initiation(std::move(*identified), message, static_static_);
  }
  Response answer(const InitiationMessage& message, const PresharedKey& psk) {
    return std::move(*respond(std::move(*receive(message)), psk, SessionIndex{22}, rng_));
  }

  test::SeededRng rng_{5};
  LocalIdentity initiator_{generate_private_key(rng_)};
  LocalIdentity responder_{generate_private_key(rng_)};
  SharedSecret static_static_ = std::move(*agree_with(initiator_, responder_.public_key()));
  Tai64n stamp_ = tai64n_from(WallTime(1700000000s));
  PresharedKey psk_{rng_.bytes<32>()};
  PresharedKey no_psk_;
};

template <typename Message>
Message with_flipped_bit(Message message, std::size_t bit) {
  auto bytes = load<Bytes<sizeof(Message)>>(as_bytes(message));
  bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
  return load<Message>(bytes);
}

// P15
TEST_F(Handshake, gives_both_sides_the_same_keys_with_and_without_psk) {
  for (const PresharedKey* psk : {&no_psk_, &psk_}) {
    const Initiation initiation = start();
    const Response response = answer(initiation.message, *psk);
    const auto keys = finish(initiation.state, initiator_, *psk, response.message);
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->send, response.keys.receive);
    EXPECT_EQ(keys->receive, response.keys.send);
    EXPECT_FALSE(keys->send == keys->receive);
    EXPECT_EQ(keys->local_index, SessionIndex{11});
    EXPECT_EQ(keys->remote_index, SessionIndex{22});
    EXPECT_EQ(response.keys.local_index, SessionIndex{22});
    EXPECT_EQ(response.keys.remote_index, SessionIndex{11});
    EXPECT_TRUE(keys->is_initiator);
    EXPECT_FALSE(response.keys.is_initiator);
  }
}

TEST_F(Handshake, tells_the_responder_who_asks_and_when) {
  const auto received = receive(start().message);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->remote_static, initiator_.public_key());
  EXPECT_EQ(received->timestamp, stamp_);
}

TEST_F(Handshake, gives_other_keys_each_time) {
  const Initiation first = start();
  const Initiation second = start();
  EXPECT_NE(first.message.ephemeral, second.message.ephemeral);
  const Response once = answer(first.message, psk_);
  const Response again = answer(first.message, psk_);
  EXPECT_FALSE(once.keys.send == again.keys.send);
}

TEST_F(Handshake, leaves_the_macs_to_be_stamped) {
  const Initiation initiation = start();
  EXPECT_EQ(initiation.message.mac1, Bytes<16>{});
  EXPECT_EQ(initiation.message.mac2, Bytes<16>{});
  EXPECT_EQ(answer(initiation.message, psk_).message.mac1, Bytes<16>{});
}

// P15
TEST_F(Handshake, is_refused_when_the_psk_differs) {
  const Initiation initiation = start();
  const PresharedKey other(rng_.bytes<32>());
  const Response response = answer(initiation.message, psk_);
  EXPECT_FALSE(finish(initiation.state, initiator_, other, response.message));
  EXPECT_FALSE(finish(initiation.state, initiator_, no_psk_, response.message));
  EXPECT_TRUE(finish(initiation.state, initiator_, psk_, response.message));
}

TEST_F(Handshake, is_refused_when_it_is_meant_for_another) {
  const LocalIdentity other(generate_private_key(rng_));
  const Initiation initiation = start();
  EXPECT_FALSE(identify_initiator(other, initiation.message));
  const Response response = answer(initiation.message, psk_);
  EXPECT_FALSE(finish(initiation.state, other, psk_, response.message));
}

// Someone who knows both public keys can be identified as their owner, but not authenticated.
TEST_F(Handshake, is_refused_from_one_who_only_claims_a_public_key) {
  const LocalIdentity impostor(generate_private_key(rng_));
  const auto wrong = agree_with(impostor, responder_.public_key());
  const auto initiation =
      initiate(initiator_, responder_.public_key(), *wrong, SessionIndex{1}, stamp_, rng_);
  ASSERT_TRUE(initiation);
  ASSERT_TRUE(identify_initiator(responder_, initiation->message));
  EXPECT_FALSE(receive(initiation->message));
}

// P12. The type and the sender's index, the first 8 bytes, are covered by mac1 alone.
TEST_F(Handshake, refuses_an_initiation_with_any_bit_flipped) {
  const InitiationMessage message = start().message;
  for (std::size_t bit = 8 * 8; bit < 116 * 8; ++bit) {
    EXPECT_FALSE(receive(with_flipped_bit(message, bit))) << "bit " << bit;
  }
  EXPECT_TRUE(receive(message));
}

// P12. The responder's index, bytes 4 to 8, is covered by mac1 alone.
TEST_F(Handshake, refuses_a_response_with_any_bit_flipped_and_still_takes_the_true_one) {
  const Initiation initiation = start();
  const Response response = answer(initiation.message, psk_);
  for (std::size_t bit = 8 * 8; bit < 60 * 8; ++bit) {
    const ResponseMessage forged = with_flipped_bit(response.message, bit);
    EXPECT_FALSE(finish(initiation.state, initiator_, psk_, forged)) << "bit " << bit;
  }
  const auto keys = finish(initiation.state, initiator_, psk_, response.message);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->send, response.keys.receive);
}

TEST_F(Handshake, refuses_the_response_to_another_initiation) {
  const Initiation first = start();
  const Initiation second = start();
  const Response response = answer(first.message, psk_);
  EXPECT_FALSE(finish(second.state, initiator_, psk_, response.message));
}

// P17
TEST_F(Handshake, refuses_ephemeral_keys_of_low_order) {
  Initiation initiation = start();
  Response response = answer(initiation.message, psk_);
  initiation.message.ephemeral = kLowOrder.bytes;
  EXPECT_FALSE(identify_initiator(responder_, initiation.message));
  response.message.ephemeral = kLowOrder.bytes;
  EXPECT_FALSE(finish(initiation.state, initiator_, psk_, response.message));
}

// P17
TEST_F(Handshake, refuses_static_keys_of_low_order) {
  EXPECT_FALSE(agree_with(initiator_, kLowOrder));
  EXPECT_FALSE(initiate(initiator_, kLowOrder, static_static_, SessionIndex{1}, stamp_, rng_));
  const SharedSecret zero;
  EXPECT_FALSE(initiate(initiator_, responder_.public_key(), zero, SessionIndex{1}, stamp_, rng_));
  const InitiationMessage message = start().message;
  auto identified = identify_initiator(responder_, message);
  EXPECT_FALSE(authenticate_initiation(std::move(*identified), message, zero));
  auto received = receive(message);
  received->remote_static = kLowOrder;
  EXPECT_FALSE(respond(std::move(*received), psk_, SessionIndex{1}, rng_));
}

}  // namespace
}  // namespace wring
