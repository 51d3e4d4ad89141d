#include "crypto/blake2s.h"

#include <gtest/gtest.h>

#include "crypto/kdf.h"
#include "tests/support/vector_file.h"

namespace wring {
namespace {

TEST(Blake2s, gives_the_published_hashes) {
  const auto rfc = test::read_vectors("rfc.txt");
  for (const char* name : {"RFC 7693 B", "BLAKE2 known answers, nothing"}) {
    const auto& vector = rfc.at(name);
    EXPECT_EQ(blake2s({vector["input"]}), vector.bytes<32>("hash")) << name;
  }
}

TEST(Blake2s, hashes_parts_as_if_they_were_one) {
  std::vector<std::uint8_t> whole(200);
  for (std::size_t i = 0; i < whole.size(); ++i)
    whole[i] = static_cast<std::uint8_t>(i);
  const ByteSpan bytes = whole;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    EXPECT_EQ(blake2s({bytes.first(cut), bytes.subspan(cut)}), blake2s({bytes}));
  }
}

class KeyDerivation : public testing::Test {
 protected:
  std::map<std::string, test::VectorCase> cases_ = test::read_vectors("kdf.txt");
};

TEST_F(KeyDerivation, hash_mac_and_hmac_equal_those_of_hashlib) {
  ASSERT_EQ(cases_.size(), 3U);
  for (const auto& [name, vector] : cases_) {
    EXPECT_EQ(blake2s({vector["input"]}), vector.bytes<32>("hash")) << name;
    EXPECT_EQ(blake2s_mac(vector["key"], vector["input"]), vector.bytes<16>("mac")) << name;
    Bytes<32> out;
    hmac_blake2s(vector["key"], {vector["input"]}, out);
    EXPECT_EQ(out, vector.bytes<32>("hmac")) << name;
  }
}

// [WG] 5.4: KDF1 is the first output of KDF2, and so on.
TEST_F(KeyDerivation, one_two_and_three_keys_equal_those_of_hashlib) {
  using Key = SymmetricKey;
  for (const auto& [name, vector] : cases_) {
    const ChainingKey key(vector.bytes<32>("key"));
    const auto first = vector.bytes<32>("first");
    const auto second = vector.bytes<32>("second");
    const auto third = vector.bytes<32>("third");
    EXPECT_EQ(kdf1(key, vector["input"]).reveal(), first) << name;
    const auto two = kdf2<Key, Key>(key, vector["input"]);
    EXPECT_EQ(two.first.reveal(), first) << name;
    EXPECT_EQ(two.second.reveal(), second) << name;
    const auto three = kdf3<Key, Key, Key>(key, vector["input"]);
    EXPECT_EQ(std::get<0>(three).reveal(), first) << name;
    EXPECT_EQ(std::get<1>(three).reveal(), second) << name;
    EXPECT_EQ(std::get<2>(three).reveal(), third) << name;
  }
}

}  // namespace
}  // namespace wring
