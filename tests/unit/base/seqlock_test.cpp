#include "base/seqlock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "ip/endpoint.h"
#include "ip/endpoint_parse.h"

namespace wring {
namespace {

// Not a multiple of eight bytes, so that the last word is in part unused.
struct Value {
  std::array<std::uint32_t, 7> parts{};
  friend bool operator==(const Value&, const Value&) = default;
};

Value all(std::uint32_t n) {
  Value value;
  value.parts.fill(n);
  return value;
}

TEST(SeqLock, begins_with_a_default_value_and_keeps_what_is_stored) {
  SeqLock<Value> lock;
  EXPECT_EQ(lock.load(), Value{});
  lock.store(all(7));
  EXPECT_EQ(lock.load(), all(7));
  EXPECT_EQ(SeqLock<Value>(all(9)).load(), all(9));
}

TEST(SeqLock, carries_an_endpoint) {
  SeqLock<Endpoint> lock;
  EXPECT_FALSE(lock.load().is_set());
  lock.store(parse_endpoint("192.0.2.1:51820").value());
  EXPECT_EQ(to_string(lock.load()), "192.0.2.1:51820");
}

TEST(SeqLock, two_readers_never_see_a_mixture_of_two_writers) {
  SeqLock<Value> lock;
  std::atomic<bool> stop{false};
  std::atomic<unsigned> mixed{0};
  const auto read = [&] {
    while (!stop.load(std::memory_order_relaxed)) {
      const Value seen = lock.load();
      if (seen != all(seen.parts[0])) ++mixed;
    }
  };
  const auto write = [&lock](std::uint32_t first) {
    for (std::uint32_t i = 0; i < 20'000; ++i)
      lock.store(all(first + i));
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back(read);
  std::thread writer(write, 1'000'000);
  write(2'000'000);
  writer.join();
  stop = true;
  for (std::thread& reader : readers)
    reader.join();
  EXPECT_EQ(mixed, 0U);
}

}  // namespace
}  // namespace wring
