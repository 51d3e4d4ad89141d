// How large the batches of a worker are.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "device/engine_counts.h"

namespace wring {

// One thread counts, any thread reads. A count takes a load and a store.
class BatchSizes {
 public:
  // Empty batches are not counted.
  void add(std::size_t size) {
    if (size == 0) return;
    const auto class_of = static_cast<std::size_t>(std::bit_width(size - 1));
    increase(counts_[std::min(class_of, kClasses)], 1);
    increase(sum_, size);
  }
  void add_to(Distribution& total) const {
    for (std::size_t i = total.classes.size(); i < kClasses; ++i)
      total.classes.push_back({std::uint64_t{1} << i, 0});
    for (std::size_t i = 0; i < kClasses; ++i)
      total.classes[i].count += counts_[i].load(std::memory_order_relaxed);
    total.above += counts_[kClasses].load(std::memory_order_relaxed);
    total.sum += sum_.load(std::memory_order_relaxed);
  }

 private:
  // Up to 1, 2, 4, 8, 16, 32, 64; a pump takes no more at once.
  static constexpr std::size_t kClasses = 7;

  // Relaxed: a count says nothing about other memory.
  static void increase(std::atomic<std::uint64_t>& count, std::uint64_t by) {
    count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, kClasses + 1> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace wring
