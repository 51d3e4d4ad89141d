// Finds the session that a received message names by its index.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/rcu.h"
#include "noise/messages.h"

namespace wring {

class Session;

// Open addressing. Our indices are random, so each is its own hash. The table owns no session.
// Threads: the control thread writes. Workers call find() at any time without locks, as RCU readers
// (base/rcu.h). A worker may use the session that it got until its next quiescent point.
class IndexTable {
 public:
  // `reclaimer` outlives this object. It takes the arrays that were outgrown.
  explicit IndexTable(RcuReclaimer& reclaimer);
  IndexTable(const IndexTable&) = delete;
  IndexTable& operator=(const IndexTable&) = delete;
  // No reader may be left.
  ~IndexTable();

  // Null if no session has the index. Any thread.
  [[nodiscard]] Session* find(SessionIndex index) const;

  // The rest is for the control thread.

  // Returns false and changes nothing if the index is taken. `session` is not null.
  [[nodiscard]] bool insert(SessionIndex index, Session* session);
  // Returns false if no session has the index. The caller retires the session afterwards, and never
  // frees it at once.
  bool remove(SessionIndex index);
  [[nodiscard]] bool contains(SessionIndex index) const { return find(index) != nullptr; }
  [[nodiscard]] std::size_t size() const { return live_; }

 private:
  class Array;

  void make_room();

  RcuReclaimer& reclaimer_;
  std::atomic<Array*> array_;
  std::size_t live_ = 0;  // slots that hold a session
  std::size_t used_ = 0;  // slots that hold an index, also of a session that went
};

}  // namespace wring
