// A value of some words that many threads read and few change, such as a peer's endpoint.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <type_traits>

namespace wring {

// Readers never write, so they do not slow each other down. They read again if a writer came in
// between. Writers wait for each other. A writer must not be interrupted for long: it copies some
// words and calls nothing. All words are atomic, so there is no data race in the sense of the
// language. No fence is needed: the comment at each access gives its order and the reason.
template <typename T>
requires std::is_trivially_copyable_v<T>
class SeqLock {
 public:
  SeqLock() { put(T{}, std::memory_order_relaxed); }
  explicit SeqLock(const T& value) { put(value, std::memory_order_relaxed); }
  SeqLock(const SeqLock&) = delete;
  SeqLock& operator=(const SeqLock&) = delete;

  [[nodiscard]] T load() const {
    Words words;
    for (unsigned tries = 1;; ++tries) {
      // Acquire: the words read below are at least as new as this even number says.
      const std::uint32_t before = sequence_.load(std::memory_order_acquire);
      if ((before & 1) == 0) {
        for (std::size_t i = 0; i < kWords; ++i) {
          // Acquire: a thread that reads a word of a writer at work also sees that writer's odd
          // number, so the comparison below fails.
          words[i] = words_[i].load(std::memory_order_acquire);
        }
        // Relaxed: the acquires above keep it from moving up.
        if (sequence_.load(std::memory_order_relaxed) == before) break;
      }
      if (tries % kTriesBeforeYield == 0) std::this_thread::yield();
    }
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof value);
    return value;
  }

  void store(const T& value) {
    const std::uint32_t before = lock();
    // Release on each word: a thread that reads it sees the odd number as well.
    put(value, std::memory_order_release);
    // Release: a thread that reads this even number sees all words.
    sequence_.store(before + 2, std::memory_order_release);
  }

  // Lets f(T&) change the value, with no other writer in between. `f` is short and calls nothing of
  // this object.
  template <typename F>
  void update(F f) {
    const std::uint32_t before = lock();
    Words words;
    // Relaxed: the lock ordered us after the writer of these words.
    for (std::size_t i = 0; i < kWords; ++i)
      words[i] = words_[i].load(std::memory_order_relaxed);
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof value);
    f(value);
    put(value, std::memory_order_release);
    sequence_.store(before + 2, std::memory_order_release);
  }

 private:
  static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;
  static constexpr unsigned kTriesBeforeYield = 64;
  using Words = std::array<std::uint64_t, kWords>;

  // Makes the number odd and returns its even value before.
  std::uint32_t lock() {
    for (unsigned tries = 1;; ++tries) {
      std::uint32_t before = sequence_.load(std::memory_order_relaxed);
      // Acquire: every thread sees this writer's words after those of the writer before.
      if ((before & 1) == 0 &&
          sequence_.compare_exchange_weak(before, before + 1, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
        return before;
      }
      if (tries % kTriesBeforeYield == 0) std::this_thread::yield();
    }
  }

  void put(const T& value, std::memory_order order) {
    Words words{};
    std::memcpy(words.data(), &value, sizeof value);
    for (std::size_t i = 0; i < kWords; ++i)
      words_[i].store(words[i], order);
  }

  std::atomic<std::uint32_t> sequence_{0};  // odd while a writer is at work
  std::array<std::atomic<std::uint64_t>, kWords> words_;
};

}  // namespace wring
