#include "tables/index_table.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

namespace wring {
namespace {

// The table only carries pointers; what they point at here says which index it was put under.
struct Target {
  std::uint32_t index;
  bool live = true;
};
Session* as_session(Target* target) {
  return reinterpret_cast<Session*>(target);
}
const Target* as_target(const Session* session) {
  return reinterpret_cast<const Target*>(session);
}

TEST(IndexTable, finds_what_was_put_in_and_nothing_else) {
  RcuReclaimer reclaimer;
  IndexTable table{reclaimer};
  Target zero{0};
  Target other{16};
  EXPECT_EQ(table.find(SessionIndex{0}), nullptr);
  EXPECT_TRUE(table.insert(SessionIndex{0}, as_session(&zero)));
  EXPECT_TRUE(table.insert(SessionIndex{16}, as_session(&other)));
  EXPECT_EQ(table.find(SessionIndex{0}), as_session(&zero));
  EXPECT_EQ(table.find(SessionIndex{16}), as_session(&other));
  EXPECT_EQ(table.find(SessionIndex{32}), nullptr);
  EXPECT_EQ(table.size(), 2U);
}

TEST(IndexTable, an_index_is_given_once) {  // P13
  RcuReclaimer reclaimer;
  IndexTable table{reclaimer};
  Target first{7};
  Target second{7};
  EXPECT_TRUE(table.insert(SessionIndex{7}, as_session(&first)));
  EXPECT_FALSE(table.insert(SessionIndex{7}, as_session(&second)));
  EXPECT_EQ(table.find(SessionIndex{7}), as_session(&first));
  EXPECT_TRUE(table.remove(SessionIndex{7}));
  EXPECT_FALSE(table.remove(SessionIndex{7}));
  EXPECT_FALSE(table.contains(SessionIndex{7}));
  EXPECT_TRUE(table.insert(SessionIndex{7}, as_session(&second)));
  EXPECT_EQ(table.find(SessionIndex{7}), as_session(&second));
}

TEST(IndexTable, agrees_with_a_map_while_sessions_come_and_go) {
  for (const std::uint32_t range : {64U, 2'000U, 0xffffffffU}) {
    RcuReclaimer reclaimer;
    IndexTable table{reclaimer};
    std::mt19937 random(range);
    std::array<Target, 16> targets{};
    std::unordered_map<std::uint32_t, Session*> oracle;
    std::vector<std::uint32_t> seen;
    for (int i = 0; i < 20'000; ++i) {
      auto index = static_cast<std::uint32_t>(random() % range);
      if (!seen.empty() && random() % 2 == 0) index = seen[random() % seen.size()];
      seen.push_back(index);
      if (random() % 2 == 0) {
        Session* session = as_session(&targets[random() % targets.size()]);
        ASSERT_EQ(table.insert(SessionIndex{index}, session),
                  oracle.emplace(index, session).second);
      } else {
        ASSERT_EQ(table.remove(SessionIndex{index}), oracle.erase(index) == 1);
      }
      ASSERT_EQ(table.size(), oracle.size());
      reclaimer.collect();
    }
    for (const std::uint32_t index : seen) {
      const auto found = oracle.find(index);
      ASSERT_EQ(table.find(SessionIndex{index}), found == oracle.end() ? nullptr : found->second);
    }
  }
}

TEST(IndexTable, readers_never_get_the_session_of_another_index_or_a_freed_one) {
  RcuReclaimer reclaimer;
  IndexTable table{reclaimer};
  Target lasting{5};
  ASSERT_TRUE(table.insert(SessionIndex{5}, as_session(&lasting)));
  std::atomic<bool> stop{false};
  std::atomic<unsigned> wrong{0};
  const auto read = [&] {
    RcuReader reader;
    while (!stop.load(std::memory_order_relaxed)) {
      for (std::uint32_t index = 0; index < 128; ++index) {
        const Target* hit = as_target(table.find(SessionIndex{index}));
        if (hit != nullptr && (hit->index != index || !hit->live)) ++wrong;
        if (index == 5 && hit != &lasting) ++wrong;
      }
      reader.quiescent();
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back(read);

  std::mt19937 random(4);
  std::unordered_map<std::uint32_t, Target*> live;
  for (int i = 0; i < 3'000; ++i) {
    const auto index = static_cast<std::uint32_t>(6 + random() % 100);
    if (const auto found = live.find(index); found != live.end()) {
      table.remove(SessionIndex{index});
      reclaimer.retire(std::unique_ptr<Target>(found->second));
      live.erase(found);
    } else {
      auto target = std::make_unique<Target>(Target{index});
      ASSERT_TRUE(table.insert(SessionIndex{index}, as_session(target.get())));
      live.emplace(index, target.release());
    }
    if (i % 16 == 0) reclaimer.collect();
  }
  stop = true;
  for (std::thread& reader : readers)
    reader.join();
  for (const auto& [index, target] : live)
    delete target;
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace wring
