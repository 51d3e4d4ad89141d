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

// Open addressing. The indices are ours and random, so they are their own hash. Threads: the
// control thread writes; workers find() at any time without locks, as RCU readers (base/rcu.h), and
// may use the session that they got until their next quiescent point. Owns no session.
class IndexTable {
 public:
  // `reclaimer` outlives this object and takes the arrays that were outgrown.
  explicit IndexTable(RcuReclaimer& reclaimer);
  IndexTable(const IndexTable&) = delete;
  IndexTable& operator=(const IndexTable&) = delete;
  // No reader may be left.
  ~IndexTable();

  // Null where no session bears the index. Any thread.
  [[nodiscard]] Session* find(SessionIndex index) const;

  // The rest is for the control thread.

  // False, and nothing changes, if the index is taken. `session` is not null.
  [[nodiscard]] bool insert(SessionIndex index, Session* session);
  // False if no session bears it. The session itself is to be retired afterwards, never freed at
  // once.
  bool remove(SessionIndex index);
  [[nodiscard]] bool contains(SessionIndex index) const { return find(index) != nullptr; }
  [[nodiscard]] std::size_t size() const { return live_; }

 private:
  class Array;

  void make_room();

  RcuReclaimer& reclaimer_;
  std::atomic<Array*> array_;
  std::size_t live_ = 0;  // slots that hold a session
  std::size_t used_ = 0;  // slots that hold an index, of a session that went too
};

}  // namespace wring
