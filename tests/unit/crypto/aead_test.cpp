#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/seeded_rng.h"
#include "tests/support/vector_file.h"

namespace wring {
namespace {

using Buffer = std::vector<std::uint8_t>;

class Aead : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(prepare_crypto()); }

  // Every length up to a few cipher blocks, the usual full packet and the largest one.
  static std::vector<std::size_t> sizes() {
    std::vector<std::size_t> out;
    for (std::size_t size = 0; size <= 300; ++size)
      out.push_back(size);
    out.insert(out.end(), {1408, 1420, 1424, 65504, 65535});
    return out;
  }
  Buffer random(std::size_t size) {
    Buffer out(size);
    rng_.fill(out);
    return out;
  }

  test::SeededRng rng_{8439};
  std::map<std::string, test::VectorCase> rfc_ = test::read_vectors("rfc.txt");
};

TEST_F(Aead, gives_the_vector_of_rfc_8439) {
  const auto& vector = rfc_.at("RFC 8439 A.5");
  const SymmetricKey key(vector.bytes<32>("key"));
  const std::uint64_t counter = vector.as<Le<std::uint64_t>>("counter");
  EXPECT_EQ(counter, 0x0807060504030201U);
  Buffer sealed(vector["plaintext"].size() + 16);
  aead_seal(key, counter, vector["plaintext"], vector["associated"], sealed);
  EXPECT_EQ(sealed, vector["sealed"]);
  Buffer opened(vector["plaintext"].size());
  EXPECT_TRUE(aead_open(key, counter, sealed, vector["associated"], opened));
  EXPECT_EQ(opened, vector["plaintext"]);
}

TEST_F(Aead, gives_the_vector_of_the_xchacha_draft) {
  const auto& vector = rfc_.at("draft-irtf-cfrg-xchacha A.3.1");
  const auto key = vector.bytes<32>("key");
  const auto nonce = vector.bytes<24>("nonce");
  Buffer sealed(vector["plaintext"].size() + 16);
  xaead_seal(key, nonce, vector["plaintext"], vector["associated"], sealed);
  EXPECT_EQ(sealed, vector["sealed"]);
  Buffer opened(vector["plaintext"].size());
  EXPECT_TRUE(xaead_open(key, nonce, sealed, vector["associated"], opened));
  EXPECT_EQ(opened, vector["plaintext"]);
  sealed[3] ^= 1;
  EXPECT_FALSE(xaead_open(key, nonce, sealed, vector["associated"], opened));
}

TEST_F(Aead, seals_a_batch_as_it_seals_each_packet_alone) {
  const SymmetricKey one(rng_.bytes<32>());
  const SymmetricKey other(rng_.bytes<32>());
  std::vector<Buffer> plaintexts;
  std::vector<Buffer> sealed;
  for (const std::size_t size : sizes()) {
    plaintexts.push_back(random(size));
    sealed.emplace_back(size + 16);
  }
  std::vector<SealJob> jobs;
  for (std::size_t i = 0; i < plaintexts.size(); ++i) {
    jobs.push_back(
        {i % 3 == 0 ? &one : &other, (std::uint64_t{1} << 40) + i, plaintexts[i], sealed[i]});
  }
  seal(jobs);
  for (std::size_t i = 0; i < plaintexts.size(); ++i) {
    Buffer expected(plaintexts[i].size() + 16);
    aead_seal(*jobs[i].key, jobs[i].counter, plaintexts[i], {}, expected);
    EXPECT_EQ(sealed[i], expected) << "size " << plaintexts[i].size();
  }
}

TEST_F(Aead, seals_and_opens_in_place) {
  const SymmetricKey key(rng_.bytes<32>());
  for (const std::size_t size : sizes()) {
    const Buffer plaintext = random(size);
    Buffer buffer = plaintext;
    buffer.resize(size + 16);
    const SealJob job{&key, size, ByteSpan(buffer).first(size), buffer};
    seal({&job, 1});
    Buffer expected(size + 16);
    aead_seal(key, size, plaintext, {}, expected);
    EXPECT_EQ(buffer, expected) << "size " << size;
    OpenJob back{&key, size, buffer};
    open({&back, 1});
    EXPECT_TRUE(back.authentic) << "size " << size;
    EXPECT_TRUE(std::equal(plaintext.begin(), plaintext.end(), buffer.begin())) << "size " << size;
  }
}

TEST_F(Aead, finds_the_forged_ones_among_a_batch) {
  const SymmetricKey key(rng_.bytes<32>());
  const SymmetricKey wrong_key(rng_.bytes<32>());
  const Buffer plaintext = random(100);
  Buffer good(116);
  aead_seal(key, 7, plaintext, {}, good);
  Buffer flipped = good;
  flipped[0] ^= 0x80;
  Buffer wrong_tag = good;
  wrong_tag.back() ^= 1;
  Buffer under_wrong_key = good;
  Buffer with_wrong_counter = good;
  Buffer cut(good.begin(), good.end() - 1);
  Buffer too_short(15);
  Buffer second = good;
  std::vector<OpenJob> jobs{{&key, 7, good},
                            {&key, 7, flipped},
                            {&key, 7, wrong_tag},
                            {&wrong_key, 7, under_wrong_key},
                            {&key, 8, with_wrong_counter},
                            {&key, 7, cut},
                            {&key, 7, too_short},
                            {&key, 7, second}};
  // What an earlier batch left there does not count.
  for (OpenJob& job : jobs)
    job.authentic = true;
  open(jobs);
  std::vector<bool> authentic;
  for (const OpenJob& job : jobs)
    authentic.push_back(job.authentic);
  EXPECT_EQ(authentic, (std::vector<bool>{true, false, false, false, false, false, false, true}));
  EXPECT_TRUE(std::equal(plaintext.begin(), plaintext.end(), good.begin()));
}

TEST_F(Aead, refuses_every_flipped_bit) {
  const SymmetricKey key(rng_.bytes<32>());
  Buffer sealed(16 + 33);
  aead_seal(key, 1, random(33), {}, sealed);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Buffer forged = sealed;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    OpenJob job{&key, 1, forged};
    open({&job, 1});
    EXPECT_FALSE(job.authentic) << "bit " << bit;
  }
}

TEST_F(Aead, covers_the_associated_data) {
  const SymmetricKey key(rng_.bytes<32>());
  Bytes<16> sealed;
  aead_seal(key, 0, {}, Bytes<2>{1, 2}, sealed);
  EXPECT_TRUE(aead_open(key, 0, sealed, Bytes<2>{1, 2}, {}));
  EXPECT_FALSE(aead_open(key, 0, sealed, Bytes<2>{1, 3}, {}));
  EXPECT_FALSE(aead_open(key, 0, ByteSpan(sealed).first(15), Bytes<2>{1, 2}, {}));
}

}  // namespace
}  // namespace wring
