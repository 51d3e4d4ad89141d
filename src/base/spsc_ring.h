// A bounded queue from one thread to one other.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace wring {

// One thread pushes and one pops. Neither waits. All memory is allocated at once, but touched only
// as far as the queue was ever filled.
template <typename T, std::size_t kCapacity>
requires std::is_trivially_copyable_v<T>
class SpscRing {
  static_assert(std::has_single_bit(kCapacity), "positions wrap by masking");

 public:
  SpscRing() : slots_(std::allocator<T>().allocate(kCapacity)) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;
  ~SpscRing() { std::allocator<T>().deallocate(slots_, kCapacity); }

  // Returns false and does nothing if the queue is full. Producer only.
  [[nodiscard]] bool try_push(const T& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);  // own
    if (tail - head_seen_ == kCapacity) {
      // Acquire: the consumer has copied the slot out before it is overwritten.
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail - head_seen_ == kCapacity) return false;
    }
    std::construct_at(slots_ + (tail & kMask), value);
    // Release: a thread that sees the new tail sees the slot.
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Returns false and leaves `value` alone if the queue is empty. Consumer only.
  [[nodiscard]] bool try_pop(T& value) {
    const std::size_t head = head_.load(std::memory_order_relaxed);  // own
    if (head == tail_seen_) {
      // Acquire: pairs with the release in try_push().
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) return false;
    }
    value = slots_[head & kMask];
    // Release: the copy above is done before the producer may overwrite the slot.
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Exact for one of the two threads while the other rests, otherwise a little old. Any thread.
  [[nodiscard]] std::size_t size() const {
    // Read the head first. It can only be too old then, so the difference is never negative.
    const std::size_t head = head_.load(std::memory_order_acquire);
    const std::size_t count = tail_.load(std::memory_order_acquire) - head;
    return count < kCapacity ? count : kCapacity;
  }
  static constexpr std::size_t capacity() { return kCapacity; }

 private:
  static constexpr std::size_t kMask = kCapacity - 1;
  static constexpr std::size_t kCacheLine = 64;

  T* const slots_;
  // The producer and the consumer have a cache line each, with the position of the other that they
  // saw last.
  alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
  std::size_t head_seen_ = 0;
  alignas(kCacheLine) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;
};

}  // namespace wring
