// Read-copy-update: workers read tables and sessions without locks, the control thread alone
// replaces them and frees the old ones when no worker can still hold them. Userspace RCU in its
// QSBR flavour: reading costs nothing, a reader says once a loop that it holds no reference.
#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace wring {

// Makes the calling thread a reader for as long as the object lives. One per thread; not to be
// moved to another thread. References that a reader got from a shared table are valid until its
// next quiescent() or offline().
class RcuReader {
 public:
  RcuReader();
  ~RcuReader();
  RcuReader(const RcuReader&) = delete;
  RcuReader& operator=(const RcuReader&) = delete;

  void quiescent();
  // Between offline() and online() the thread may sleep as long as it likes and holds no reference.
  void offline();
  void online();
};

// Objects that were unlinked and wait for their readers to pass. Control thread only.
class RcuReclaimer {
 public:
  RcuReclaimer() = default;
  RcuReclaimer(const RcuReclaimer&) = delete;
  RcuReclaimer& operator=(const RcuReclaimer&) = delete;
  ~RcuReclaimer() { collect(); }

  // Takes an object that no reader can find any more.
  template <typename T>
  void retire(std::unique_ptr<T> object) {
    if (object == nullptr) return;
    retired_.push_back(Retired(object.release(), [](void* p) { delete static_cast<T*>(p); }));
  }
  [[nodiscard]] bool empty() const { return retired_.empty(); }
  // Waits until every reader has passed a quiescent point (microseconds: a reader at work is in the
  // middle of one batch), then calls `before_free`, if given, and frees all that was retired before
  // the call. What the freed objects retire in turn is freed by the same call.
  void collect(const std::function<void()>& before_free = {});

 private:
  using Retired = std::unique_ptr<void, void (*)(void*)>;
  std::vector<Retired> retired_;
};

}  // namespace wring
