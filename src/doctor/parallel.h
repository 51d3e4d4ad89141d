// Waits for many answers at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace wring::doctor {

// Calls `work` with each number below `count`, in up to 16 threads, and returns when all have
// returned.
template <typename Work>
void for_each_at_once(std::size_t count, const Work& work) {
  constexpr std::size_t kMaxThreads = 16;
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(count, kMaxThreads); ++i) {
    threads.emplace_back([&] {
      for (std::size_t mine = next++; mine < count; mine = next++)
        work(mine);
    });
  }
}

}  // namespace wring::doctor
