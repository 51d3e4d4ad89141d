// A lock-free stack of the peers that workers want the control thread to look at.
#include "peer/attention_list.h"

#include <cassert>

#include "peer/peer.h"

namespace wring {

bool AttentionList::push(Peer& peer, AttentionReasons why) {
  assert(!why.empty());
  // Acquire: a worker that finds the bits cleared also finds that the list no longer uses
  // attention_next.
  // Release: what the worker wrote before is seen by the control thread when it takes the bits.
  if (peer.attention.fetch_or(why.bits(), std::memory_order_acq_rel) != 0) return false;
  Peer* head = head_.load(std::memory_order_relaxed);
  do {
    peer.attention_next = head;
  } while (!head_.compare_exchange_weak(head, &peer, std::memory_order_release,
                                        std::memory_order_relaxed));
  return head == nullptr;
}

Peer* AttentionList::take_all() {
  return head_.exchange(nullptr, std::memory_order_acquire);
}

Peer* AttentionList::unlink(Peer& peer, AttentionReasons& why) {
  Peer* next = peer.attention_next;
  why = AttentionReasons::from_bits(peer.attention.exchange(0, std::memory_order_acq_rel));
  return next;
}

}  // namespace wring
