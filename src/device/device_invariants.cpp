// Rules that the state of a device keeps between two turns, whatever happened before.
#include <algorithm>
#include <array>

#include "device/device.h"

namespace wring {
namespace {

std::array<Session*, 3> sessions_of(const DevicePeer& peer) {
  return {peer.keypairs.previous(), peer.keypairs.current(), peer.keypairs.next()};
}

bool has_sessions(const DevicePeer& peer) {
  return std::ranges::any_of(sessions_of(peer), [](Session* each) { return each != nullptr; });
}

// Null, or the session if nothing forbids to send on it.
Session* permitted(Session* session) {
  return session != nullptr && session->may_be_sent_on() ? session : nullptr;
}

}  // namespace

std::string Device::check_invariants() const {
  std::size_t timed = 0;
  std::size_t awaiting = 0;
  std::size_t sessions = 0;
  for (const auto& [serial, peer] : peers_.in_order()) {
    if (peer->serial != serial || peers_.find(peer->public_key) != peer)
      return "a peer is not found by its key";
    if (peer->removed) return "a removed peer is still in the table";
    if (is_ourselves(peer->public_key)) return "we are a peer of ourselves";
    if (!timers_.agrees_with(*peer)) return "a peer does not stand where its timers put it";
    if (peer->timers().next_deadline() != kNever) ++timed;
    for (Session* session : sessions_of(*peer)) {
      if (session == nullptr) continue;
      ++sessions;
      if (shared_.sessions.find(session->keys().local_index) != session)
        return "a session is not found by its index";
      if (&session->peer() != peer) return "a session belongs to another peer";
    }
    if (peer->sending_once_confirmed != permitted(peer->keypairs.next()))
      return "another session than the next is published as the next";
    // Keys of a former private key are received on, but not published (P16).
    if (peer->sending != nullptr && peer->sending != permitted(peer->keypairs.current()))
      return "another session than the current is published";
    if (peer->sent_initiation) {
      ++awaiting;
      const auto found = awaiting_response_.find(peer->sent_initiation->local_index);
      if (found == awaiting_response_.end() || found->second != peer)
        return "an initiation that is out is not found by its index";
      if (!peer->timers().is_armed(Timer::kRetransmitHandshake) && !peer->waits_to_begin)
        return "an initiation that is out has no timer";
    }
    if (!up_ && (has_sessions(*peer) || peer->timers().next_deadline() != kNever))
      return "a device that is down has a session or a timer";
    if (has_sessions(*peer) && !peer->timers().is_armed(Timer::kZeroKeys))
      return "no timer wipes the keys of a peer";
    const auto in_line = std::ranges::count(waiting_to_begin_, serial);
    if (in_line != (peer->waits_to_begin ? 1 : 0)) return "a peer is not in line as it says";
  }
  if (timed != timers_.size()) return "a peer that is gone has a timer";
  if (awaiting != awaiting_response_.size()) return "an index waits for a response to nobody";
  if (awaiting != 0 && identity_ == nullptr) return "an initiation is out without a private key";
  if (sessions != shared_.sessions.size()) return "a session in the table has no peer";
  return {};
}

}  // namespace wring
