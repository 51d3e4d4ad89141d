// A whole handshake with fixed keys, byte for byte as an independent implementation computes it
// (P3): tests/vectors/make_handshake_vectors.py.
#include <gtest/gtest.h>

#include "crypto/aead.h"
#include "noise/cookie.h"
#include "noise/handshake.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/vector_file.h"
#include "tests/support/whole_handshake.h"

namespace wring {
namespace {

using test::ScriptedRng;
using test::to_vector;
using test::VectorCase;

SessionIndex index_from(const VectorCase& vector, const std::string& name) {
  return SessionIndex{vector.as<Le<std::uint32_t>>(name)};
}

class HandshakeVectors : public testing::TestWithParam<const char*> {
 protected:
  VectorCase vector_ = test::read_vectors("handshake.txt").at(GetParam());
  LocalIdentity initiator_{PrivateKey(vector_.bytes<32>("initiator_private"))};
  LocalIdentity responder_{PrivateKey(vector_.bytes<32>("responder_private"))};
  PresharedKey psk_{vector_.bytes<32>("psk")};
  SharedSecret static_static_{vector_.bytes<32>("static_static")};
  TimePoint now_{};
};

TEST_P(HandshakeVectors, identities_match) {
  EXPECT_EQ(initiator_.public_key().bytes, vector_.bytes<32>("initiator_public"));
  EXPECT_EQ(responder_.public_key().bytes, vector_.bytes<32>("responder_public"));
  EXPECT_EQ(agree_with(initiator_, responder_.public_key()), static_static_);
  EXPECT_EQ(agree_with(responder_, initiator_.public_key()), static_static_);
}

TEST_P(HandshakeVectors, every_byte_of_the_initiator_matches) {
  ScriptedRng rng(vector_["initiator_random"]);
  auto initiation =
      initiate(initiator_, responder_.public_key(), static_static_,
               index_from(vector_, "initiator_index"), Tai64n{vector_.bytes<12>("timestamp")}, rng);
  ASSERT_TRUE(initiation);
  EXPECT_EQ(initiation->state.hash.reveal(), vector_.bytes<32>("initiation_hash"));
  EXPECT_EQ(initiation->state.chaining_key.reveal(), vector_.bytes<32>("initiation_chaining_key"));
  Bytes<148> wire = load<Bytes<148>>(as_bytes(initiation->message));
  MacStamper(responder_.public_key()).stamp(wire, now_);
  EXPECT_EQ(to_vector(wire), vector_["initiation"]);

  const auto keys =
      finish(initiation->state, initiator_, psk_, vector_.as<ResponseMessage>("response"));
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->send.reveal(), vector_.bytes<32>("initiator_sends_with"));
  EXPECT_EQ(keys->receive.reveal(), vector_.bytes<32>("responder_sends_with"));
  EXPECT_EQ(keys->local_index, index_from(vector_, "initiator_index"));
  EXPECT_EQ(keys->remote_index, index_from(vector_, "responder_index"));
  EXPECT_TRUE(keys->is_initiator);
}

TEST_P(HandshakeVectors, every_byte_of_the_responder_matches) {
  const auto message = vector_.as<InitiationMessage>("initiation");
  EXPECT_TRUE(MacChecker(responder_.public_key()).check_mac1(as_bytes(message)));
  auto identified = identify_initiator(responder_, message);
  ASSERT_TRUE(identified);
  EXPECT_EQ(identified->remote_static, initiator_.public_key());
  auto received = authenticate_initiation(std::move(*identified), message, static_static_);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->remote_static, initiator_.public_key());
  EXPECT_EQ(received->remote_index, index_from(vector_, "initiator_index"));
  EXPECT_EQ(received->timestamp.bytes, vector_.bytes<12>("timestamp"));
  EXPECT_EQ(received->hash.reveal(), vector_.bytes<32>("initiation_hash"));
  EXPECT_EQ(received->chaining_key.reveal(), vector_.bytes<32>("initiation_chaining_key"));

  ScriptedRng rng(vector_["responder_random"]);
  const auto response =
      respond(std::move(*received), psk_, index_from(vector_, "responder_index"), rng);
  ASSERT_TRUE(response);
  Bytes<92> wire = load<Bytes<92>>(as_bytes(response->message));
  MacStamper(initiator_.public_key()).stamp(wire, now_);
  EXPECT_EQ(to_vector(wire), vector_["response"]);
  EXPECT_EQ(response->keys.send.reveal(), vector_.bytes<32>("responder_sends_with"));
  EXPECT_EQ(response->keys.receive.reveal(), vector_.bytes<32>("initiator_sends_with"));
  EXPECT_EQ(response->keys.local_index, index_from(vector_, "responder_index"));
  EXPECT_EQ(response->keys.remote_index, index_from(vector_, "initiator_index"));
  EXPECT_FALSE(response->keys.is_initiator);
}

TEST_P(HandshakeVectors, data_packets_match) {
  const SymmetricKey key(vector_.bytes<32>("initiator_sends_with"));
  for (const char* name : {"data_first", "data_late"}) {
    const auto& datagram = vector_[name];
    EXPECT_EQ(classify(datagram), MessageType::kData);
    const auto header = load<DataHeader>(datagram);
    EXPECT_EQ(header.receiver, index_from(vector_, "responder_index").value);
    std::vector<std::uint8_t> sealed(vector_["inner_packet"].size() + 16);
    const SealJob job{&key, header.counter, vector_["inner_packet"], sealed};
    seal({&job, 1});
    EXPECT_EQ(sealed, to_vector(ByteSpan(datagram).subspan(16))) << name;
  }
}

TEST_P(HandshakeVectors, cookie_reply_and_its_use_match) {
  std::vector<std::uint8_t> script = vector_["cookie_nonce"];
  script.insert(script.end(), vector_["cookie_secret"].begin(), vector_["cookie_secret"].end());
  ScriptedRng rng(script);
  MacChecker checker(responder_.public_key());
  const auto reply = checker.make_reply(vector_["initiation"], vector_["cookie_source"],
                                        index_from(vector_, "initiator_index"), now_, rng);
  EXPECT_EQ(to_vector(as_bytes(reply)), vector_["cookie_reply"]);

  MacStamper stamper(responder_.public_key());
  std::vector<std::uint8_t> wire = vector_["initiation"];
  stamper.stamp(wire, now_);
  EXPECT_TRUE(stamper.consume_reply(reply, now_));
  stamper.stamp(wire, now_);
  EXPECT_EQ(wire, vector_["initiation_with_cookie"]);
  EXPECT_TRUE(checker.check_mac2(wire, vector_["cookie_source"], now_, rng));
}

INSTANTIATE_TEST_SUITE_P(Psk, HandshakeVectors, testing::Values("no psk", "psk"),
                         [](const auto& psk_case) {
                           return std::string(psk_case.param) == "psk" ? "with_psk" : "without_psk";
                         });

}  // namespace
}  // namespace wring
