// The tags of a group are libsodium's, whatever part of them was made beside other work.
#ifdef WRING_NARROW_LANES
#include "crypto/tag_queue.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <vector>

#include "crypto/narrow.h"

namespace wring {
namespace {

using Text = std::vector<std::uint8_t>;

// RFC 8439, 2.8 without associated data: the ciphertext, zeroes up to a multiple of 16 bytes, and
// two lengths.
Bytes<16> expected_tag(const Bytes<32>& key, Text text) {
  const std::uint64_t size = text.size();
  text.resize((size + 15) / 16 * 16 + 16);
  store(text, Le<std::uint64_t>(size), text.size() - 8);
  Bytes<16> tag;
  crypto_onetimeauth_poly1305(tag.data(), text.data(), text.size(), key.data());
  return tag;
}

Bytes<16> tag_of(const TagQueue& queue, std::size_t place) {
  return load<Bytes<16>>(queue.tag(place));
}

class TagQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_narrow()) GTEST_SKIP() << "this processor lacks AVX2";
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }
  void fill(std::span<std::uint8_t> bytes) {
    // Nothing but ones is where carries go farthest.
    const bool ones = below(4) == 0;
    for (std::uint8_t& byte : bytes)
      byte = ones ? 0xff : static_cast<std::uint8_t>(random_());
  }
  void add(std::size_t place, std::size_t size) {
    Bytes<32> key;
    fill(key);
    std::ranges::copy(key, queue_->key(place));
    texts_[place].resize(size);
    fill(texts_[place]);
    queue_->add(place, texts_[place]);
    expected_[place] = expected_tag(key, texts_[place]);
  }

  std::mt19937_64 random_{13};
  std::unique_ptr<TagQueue> queue_ = std::make_unique<TagQueue>();
  std::array<Text, TagQueue::kPackets> texts_;
  std::array<Bytes<16>, TagQueue::kPackets> expected_;
};

TEST_F(TagQueueTest, makes_the_tags_of_libsodium_at_once) {
  for (std::size_t size = 0; size < 300; ++size) {
    queue_->begin_group();
    add(0, size);
    queue_->make(1);
    ASSERT_EQ(tag_of(*queue_, 0), expected_[0]) << size << " bytes";
  }
}

TEST_F(TagQueueTest, makes_the_same_tags_in_steps_beside_other_work) {
  for (int group = 0; group < 300; ++group) {
    const std::size_t count = 1 + below(TagQueue::kPackets);
    const std::size_t largest = below(3) == 0 ? 40 : 1500;
    std::size_t made = 0;
    queue_->begin_group();
    for (std::size_t place = 0; place < count; ++place) {
      add(place, below(largest));
      if (below(3) == 0) queue_->complete();
      for (std::size_t steps = below(30); steps > 0; --steps)
        queue_->work().step();
      if (below(20) == 0) queue_->make(made = below(place + 2));
    }
    for (; made <= count; made += 1 + below(4))
      queue_->make(made);
    queue_->make(count);
    for (std::size_t place = 0; place < count; ++place)
      ASSERT_EQ(tag_of(*queue_, place), expected_[place]) << "group " << group << ", " << place;
  }
}

TEST_F(TagQueueTest, leaves_what_is_not_complete_alone) {
  queue_->begin_group();
  add(0, 160);
  EXPECT_EQ(queue_->work().blocks, 0U);
  queue_->complete();
  EXPECT_EQ(queue_->work().blocks, 10U);
}

}  // namespace
}  // namespace wring
#endif
