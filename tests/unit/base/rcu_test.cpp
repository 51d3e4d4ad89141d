#include "base/rcu.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace wring {
namespace {

// Says when it is freed.
struct Tracked {
  explicit Tracked(int& counter) : freed(counter) {}
  ~Tracked() { ++freed; }
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;
  int& freed;
};

TEST(RcuReclaimer, frees_nothing_before_it_collects) {
  int freed = 0;
  RcuReclaimer reclaimer;
  EXPECT_TRUE(reclaimer.empty());
  reclaimer.retire(std::make_unique<Tracked>(freed));
  EXPECT_FALSE(reclaimer.empty());
  EXPECT_EQ(freed, 0);
  reclaimer.collect();
  EXPECT_EQ(freed, 1);
  EXPECT_TRUE(reclaimer.empty());
  reclaimer.retire(std::unique_ptr<Tracked>());
  EXPECT_TRUE(reclaimer.empty());
}

TEST(RcuReclaimer, frees_the_rest_when_it_goes) {
  int freed = 0;
  {
    RcuReclaimer reclaimer;
    reclaimer.retire(std::make_unique<Tracked>(freed));
    reclaimer.retire(std::make_unique<Tracked>(freed));
  }
  EXPECT_EQ(freed, 2);
}

// Retires a further object when it is freed, as a peer does its sessions.
struct Nested {
  Nested(RcuReclaimer& its_reclaimer, int& counter) : reclaimer(its_reclaimer), freed(counter) {}
  ~Nested() { reclaimer.retire(std::make_unique<Tracked>(freed)); }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  RcuReclaimer& reclaimer;
  int& freed;
};

TEST(RcuReclaimer, frees_what_the_freed_objects_retire) {
  int freed = 0;
  RcuReclaimer reclaimer;
  reclaimer.retire(std::make_unique<Nested>(reclaimer, freed));
  reclaimer.collect();
  EXPECT_EQ(freed, 1);
  EXPECT_TRUE(reclaimer.empty());
}

TEST(RcuReclaimer, does_not_wait_for_a_reader_that_is_offline) {
  std::atomic<int> step{0};
  std::thread sleeper([&step] {
    RcuReader reader;
    reader.offline();
    step = 1;
    while (step != 2)
      std::this_thread::yield();
    reader.online();
  });
  while (step != 1)
    std::this_thread::yield();
  int freed = 0;
  RcuReclaimer reclaimer;
  reclaimer.retire(std::make_unique<Tracked>(freed));
  reclaimer.collect();
  EXPECT_EQ(freed, 1);
  step = 2;
  sleeper.join();
}

TEST(Rcu, readers_use_what_they_found_until_they_say_otherwise) {
  // What a reader finds must hold kAlive until its next quiescent point; the sanitizers see the
  // rest.
  constexpr int kAlive = 1234;
  struct Object {
    ~Object() { value = 0; }
    int value = kAlive;
  };
  std::atomic<Object*> shared{new Object};
  std::atomic<bool> stop{false};
  std::atomic<unsigned> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&, i] {
      RcuReader reader;
      for (int round = 0; !stop.load(std::memory_order_relaxed); ++round) {
        const Object* seen = shared.load(std::memory_order_acquire);
        for (int again = 0; again < 20; ++again) {
          if (seen->value != kAlive) ++wrong;
        }
        if (round % 8 == i) {
          reader.offline();
          reader.online();
        } else {
          reader.quiescent();
        }
      }
    });
  }
  RcuReclaimer reclaimer;
  for (int i = 0; i < 300; ++i) {
    auto old = std::unique_ptr<Object>(shared.exchange(new Object, std::memory_order_acq_rel));
    reclaimer.retire(std::move(old));
    reclaimer.collect();
  }
  stop = true;
  for (std::thread& reader : readers)
    reader.join();
  delete shared.load();
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace wring
