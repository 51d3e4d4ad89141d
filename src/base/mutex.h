// std::mutex and std::lock_guard with annotations, because those of libstdc++ have none.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/thread_annotations.h"

namespace wring {

class WRING_CAPABILITY("mutex") Mutex {
 public:
  void lock() WRING_ACQUIRE() { mutex_.lock(); }
  void unlock() WRING_RELEASE() { mutex_.unlock(); }
  // Waits for `signal`, or returns without one; other threads may hold the mutex meanwhile.
  // (std::condition_variable_any has a mutex of its own, for which each woken thread waits again.)
  void wait(std::condition_variable& signal) WRING_REQUIRES(this) {
    std::unique_lock held(mutex_, std::adopt_lock);
    signal.wait(held);
    held.release();
  }
  // Tells clang that the caller holds it, where it knows the mutex by another name. Does nothing.
  void assert_held() const WRING_ASSERT_CAPABILITY(this) {}

 private:
  std::mutex mutex_;
};

class WRING_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) WRING_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() WRING_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace wring
