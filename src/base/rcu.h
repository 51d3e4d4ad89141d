// Read-copy-update: workers read tables and sessions without locks. Only the control thread
// replaces them, and it frees the old ones when no worker can still hold them. This is liburcu's
// QSBR flavour: reading costs nothing, because a worker goes offline once in each loop, where it
// holds no reference.
#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace wring {

// Makes the calling thread a reader for as long as the object lives. One for each thread, which no
// other thread uses. References that a reader got from a shared table are valid until its next
// quiescent() or offline().
class RcuReader {
 public:
  RcuReader();
  ~RcuReader();
  RcuReader(const RcuReader&) = delete;
  RcuReader& operator=(const RcuReader&) = delete;

  // The thread holds no reference now. Workers go offline() instead; tests call this.
  void quiescent();
  // Between offline() and online() the thread holds no reference and may sleep for any time.
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
