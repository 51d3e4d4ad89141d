// A hash table that grows by copying itself into a new array.
#include "tables/index_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace wring {
namespace {

constexpr std::size_t kMinCapacity = 16;

}  // namespace

// A slot's key is written once in the array's life. A slot whose session went keeps its index until
// the array is replaced, so a reader never takes the session of one index for that of another.
class IndexTable::Array {
 public:
  explicit Array(std::size_t capacity)
      : mask_(capacity - 1), slots_(std::make_unique<Slot[]>(capacity)) {
    assert(std::has_single_bit(capacity));
  }

  struct Slot {
    std::atomic<std::uint64_t> key{0};  // 0: never used
    std::atomic<Session*> session{nullptr};
  };

  static std::uint64_t key_of(SessionIndex index) { return std::uint64_t{1} << 32 | index.value; }
  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

  // Null where no slot has the key. Any thread.
  [[nodiscard]] Session* find(std::uint64_t key) const {
    for (std::size_t at = key & mask_;; at = (at + 1) & mask_) {
      // Acquire: a thread that sees the key sees the session that was stored before it.
      const std::uint64_t there = slots_[at].key.load(std::memory_order_acquire);
      // Do not look into an unused slot, because the writer may be filling it for another key.
      if (there == 0) return nullptr;
      if (there == key) return slots_[at].session.load(std::memory_order_acquire);
    }
  }

  // The slot with the key, or the unused slot where it belongs. make_room() keeps one unused.
  // Writer only.
  Slot& probe(std::uint64_t key) {
    for (std::size_t at = key & mask_;; at = (at + 1) & mask_) {
      const std::uint64_t there = slots_[at].key.load(std::memory_order_relaxed);
      if (there == key || there == 0) return slots_[at];
    }
  }

  // Returns true if the key took an unused slot. Writer only.
  bool put(std::uint64_t key, Session* session) {
    Slot& slot = probe(key);
    // Release, twice: a reader that finds the session sees it whole, and one that finds the key
    // finds the session.
    slot.session.store(session, std::memory_order_release);
    if (slot.key.load(std::memory_order_relaxed) != 0) return false;
    slot.key.store(key, std::memory_order_release);
    return true;
  }

  template <typename F>
  void for_each_live(F f) const {
    for (std::size_t i = 0; i < capacity(); ++i) {
      Session* session = slots_[i].session.load(std::memory_order_relaxed);
      if (session != nullptr) f(slots_[i].key.load(std::memory_order_relaxed), session);
    }
  }

 private:
  const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
};

IndexTable::IndexTable(RcuReclaimer& reclaimer)
    : reclaimer_(reclaimer), array_(new Array(kMinCapacity)) {}

IndexTable::~IndexTable() {
  delete array_.load(std::memory_order_relaxed);
}

Session* IndexTable::find(SessionIndex index) const {
  // Acquire: pairs with the release in make_room().
  const Array* array = array_.load(std::memory_order_acquire);
  return array->find(Array::key_of(index));
}

bool IndexTable::insert(SessionIndex index, Session* session) {
  assert(session != nullptr);
  if (contains(index)) return false;
  make_room();
  if (array_.load(std::memory_order_relaxed)->put(Array::key_of(index), session)) ++used_;
  ++live_;
  assert(live_ <= used_ && used_ < array_.load(std::memory_order_relaxed)->capacity());
  return true;
}

bool IndexTable::remove(SessionIndex index) {
  auto& slot = array_.load(std::memory_order_relaxed)->probe(Array::key_of(index));
  if (slot.session.load(std::memory_order_relaxed) == nullptr) return false;
  assert(live_ != 0);
  slot.session.store(nullptr, std::memory_order_release);
  --live_;
  return true;
}

// Keeps a third of the slots unused. The new array is less than half full, so a table whose
// sessions come and go copies itself only once in many insertions.
void IndexTable::make_room() {
  Array* const old = array_.load(std::memory_order_relaxed);
  if (3 * (used_ + 1) <= 2 * old->capacity()) return;
  auto grown = std::make_unique<Array>(std::bit_ceil(std::max(kMinCapacity, 2 * (live_ + 1))));
  old->for_each_live([&grown](std::uint64_t key, Session* session) { grown->put(key, session); });
  used_ = live_;
  // Release: the slots are filled before the array is found.
  array_.store(grown.release(), std::memory_order_release);
  reclaimer_.retire(std::unique_ptr<Array>(old));
}

}  // namespace wring
