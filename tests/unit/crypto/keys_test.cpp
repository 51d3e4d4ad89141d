#include "crypto/keys.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string_view>

#include "crypto/aead.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/vector_file.h"
#include "tests/support/whole_handshake.h"

namespace wring {
namespace {

using test::hex_bytes;

class Curve25519 : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(prepare_crypto()); }
  std::map<std::string, test::VectorCase> rfc_ = test::read_vectors("rfc.txt");
};

TEST_F(Curve25519, gives_the_products_of_rfc_7748) {
  for (const char* name : {"RFC 7748 5.2, first", "RFC 7748 5.2, second"}) {
    const auto& vector = rfc_.at(name);
    const auto product =
        agree(PrivateKey(vector.bytes<32>("scalar")), PublicKey{vector.bytes<32>("point")});
    ASSERT_TRUE(product) << name;
    EXPECT_EQ(product->reveal(), vector.bytes<32>("product")) << name;
  }
}

TEST_F(Curve25519, gives_what_rfc_7748_iterates_to) {
  const auto& vector = rfc_.at("RFC 7748 5.2, iterated");
  Bytes<32> scalar = vector.bytes<32>("start");
  Bytes<32> point = scalar;
  for (int i = 1; i <= 1000; ++i) {
    const auto product = agree(PrivateKey(scalar), PublicKey{point});
    ASSERT_TRUE(product);
    point = scalar;
    scalar = product->reveal();
    if (i == 1) {
      EXPECT_EQ(scalar, vector.bytes<32>("after_1"));
    }
  }
  EXPECT_EQ(scalar, vector.bytes<32>("after_1000"));
}

TEST_F(Curve25519, agrees_from_both_sides) {
  const auto& vector = rfc_.at("RFC 7748 6.1");
  const PrivateKey alice(vector.bytes<32>("alice_private"));
  const PrivateKey bob(vector.bytes<32>("bob_private"));
  EXPECT_EQ(derive_public_key(alice).bytes, vector.bytes<32>("alice_public"));
  EXPECT_EQ(derive_public_key(bob).bytes, vector.bytes<32>("bob_public"));
  EXPECT_EQ(agree(alice, derive_public_key(bob))->reveal(), vector.bytes<32>("shared"));
  EXPECT_EQ(agree(bob, derive_public_key(alice))->reveal(), vector.bytes<32>("shared"));
}

// P17
TEST_F(Curve25519, refuses_every_point_of_low_order) {
  constexpr std::array<std::string_view, 7> kLowOrder{
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  test::SeededRng rng(1);
  const PrivateKey key = generate_private_key(rng);
  for (const std::string_view point : kLowOrder) {
    PublicKey low{hex_bytes<32>(point)};
    EXPECT_FALSE(agree(key, low)) << point;
    low.bytes[31] |= 0x80;  // The top bit does not count.
    EXPECT_FALSE(agree(key, low)) << point;
  }
}

TEST_F(Curve25519, makes_private_keys_in_the_form_of_rfc_7748) {
  test::ScriptedRng ones(std::vector<std::uint8_t>(32, 0xff));
  const PrivateKey high = generate_private_key(ones);
  EXPECT_EQ(high.reveal()[0], 0xf8);
  EXPECT_EQ(high.reveal()[31], 0x7f);
  test::ScriptedRng zeros(std::vector<std::uint8_t>(32, 0));
  const PrivateKey low = generate_private_key(zeros);
  EXPECT_EQ(low.reveal()[0], 0);
  EXPECT_EQ(low.reveal()[31], 0x40);
}

TEST_F(Curve25519, orders_public_keys_by_their_bytes) {
  EXPECT_LT(PublicKey{{1}}, (PublicKey{{1, 1}}));
  EXPECT_TRUE(PublicKey{}.is_zero());
  EXPECT_FALSE(PublicKey{{1}}.is_zero());
}

TEST_F(Curve25519, hashes_public_keys_with_a_secret) {
  test::ScriptedRng zeros(std::vector<std::uint8_t>(16, 0));
  const PublicKeyHash hash(zeros);
  EXPECT_EQ(hash(PublicKey{{1}}), PublicKeyHash(hash)(PublicKey{{1}}));
  test::SeededRng rng(1);
  const PublicKeyHash other(rng);
  EXPECT_NE(hash(PublicKey{{1}}), other(PublicKey{{1}}));
  // Keys that agree in their first eight bytes, which a stranger may choose, do not fall together.
  std::set<std::size_t> seen;
  for (std::uint8_t i = 0; i < 100; ++i) {
    PublicKey key;
    key.bytes[31] = i;
    seen.insert(other(key));
  }
  EXPECT_EQ(seen.size(), 100U);
}

}  // namespace
}  // namespace wring
