// Every engine that this build and this processor have does exactly what libsodium does.
#include "crypto/aead_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "tests/unit/crypto/aead_differential.h"
#ifdef WRING_NARROW_LANES
#include "crypto/aead_narrow.h"
#endif

namespace wring {
namespace {

using Buffer = std::vector<std::uint8_t>;

class Engine : public testing::TestWithParam<NamedAeadBackend> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(prepare_crypto());
    engine_ = make_aead_engine(GetParam().backend);
    if (!engine_) GTEST_SKIP() << "this build or this processor lacks it";
  }

  std::unique_ptr<AeadEngine> engine_;
};

// A name without signs.
std::string name_of(const testing::TestParamInfo<NamedAeadBackend>& info) {
  std::string name(info.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Aead, Engine, testing::ValuesIn(kAeadBackends), name_of);

TEST_P(Engine, does_what_libsodium_does_with_random_batches) {
  test::AeadDifferential differential(20);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  int batches = 0;
  while (batches < 3000 && std::chrono::steady_clock::now() < end) {
    ASSERT_EQ(differential.run_batch(*engine_), "") << "batch " << batches;
    ++batches;
  }
  EXPECT_GT(batches, 10);
}

TEST_P(Engine, takes_the_largest_packets) {
  const SymmetricKey key(Bytes<32>{1, 2, 3});
  std::vector<Buffer> packets;
  std::vector<Buffer> expected;
  std::vector<SealJob> sealing;
  for (const std::size_t size : {65535U, 0U, 65504U, 9000U}) {
    packets.emplace_back(size + 16, std::uint8_t{7});
    expected.emplace_back(size + 16);
    aead_seal(key, size, ByteSpan(packets.back()).first(size), {}, expected.back());
  }
  for (Buffer& packet : packets) {
    const std::size_t size = packet.size() - 16;
    sealing.push_back({&key, size, ByteSpan(packet).first(size), packet});
  }
  engine_->seal(sealing);
  EXPECT_EQ(packets, expected);
  std::vector<OpenJob> opening;
  for (Buffer& packet : packets)
    opening.push_back({&key, packet.size() - 16, packet});
  engine_->open(opening);
  for (const OpenJob& job : opening) {
    EXPECT_TRUE(job.authentic);
    const auto plaintext = job.sealed.first(job.sealed.size() - 16);
    EXPECT_TRUE(std::ranges::all_of(plaintext, [](std::uint8_t byte) { return byte == 7; }));
  }
}

TEST_P(Engine, refuses_what_is_shorter_than_a_tag_among_others) {
  const SymmetricKey key(Bytes<32>{5});
  std::array<Buffer, 5> packets;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    packets[i].resize(i % 2 == 0 ? 16 + 20 * i : i);
    if (i % 2 == 0) aead_seal(key, i, Buffer(20 * i), {}, packets[i]);
  }
  std::vector<OpenJob> jobs;
  for (std::size_t i = 0; i < packets.size(); ++i)
    jobs.push_back({&key, i, packets[i], true});
  engine_->open(jobs);
  for (std::size_t i = 0; i < packets.size(); ++i)
    EXPECT_EQ(jobs[i].authentic, i % 2 == 0) << i;
}

TEST_P(Engine, accepts_an_empty_batch) {
  engine_->seal({});
  engine_->open({});
}

TEST(AeadEngines, finds_an_engine_on_every_processor) {
  ASSERT_TRUE(prepare_crypto());
  const auto engine = make_aead_engine();
  ASSERT_NE(engine, nullptr);
  EXPECT_FALSE(engine->name().empty());
  EXPECT_NE(make_aead_engine(AeadBackend::kLibsodium), nullptr);
}

#ifdef __aarch64__
TEST(AeadEngines, are_lanes_on_arm64) {
  ASSERT_TRUE(prepare_crypto());
  EXPECT_EQ(make_aead_engine()->name(), "lanes, NEON");
}
#endif

#ifdef WRING_NARROW_LANES
// As in a build without IPsec-MB.
TEST(AeadEngines, lanes_do_packets_of_all_sizes_where_nothing_else_does_the_large_ones) {
  ASSERT_TRUE(prepare_crypto());
  const auto engine = make_narrow_lanes_engine(nullptr);
  if (!engine) GTEST_SKIP() << "this processor lacks AVX2";
  test::AeadDifferential differential(21);
  for (int batch = 0; batch < 100; ++batch)
    ASSERT_EQ(differential.run_batch(*engine), "") << "batch " << batch;
}
#endif

TEST(AeadEngines, have_names_to_be_chosen_by) {
  for (const NamedAeadBackend& each : kAeadBackends)
    EXPECT_EQ(aead_backend_named(each.name), each.backend);
  EXPECT_EQ(aead_backend_named(""), std::nullopt);
  EXPECT_EQ(aead_backend_named("Lanes"), std::nullopt);
}

}  // namespace
}  // namespace wring
