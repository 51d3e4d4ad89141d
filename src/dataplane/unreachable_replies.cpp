// Whom to tell that a destination cannot be reached, and how often.
#include "dataplane/unreachable_replies.h"

#include "ip/ip_header.h"

namespace wring {
namespace {

constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;

// From 0 to 63. The last four bytes of the source tell most senders apart. Senders that share a
// slot share its budget, which is all that one of them can take from another on purpose.
std::size_t slot_of_sender(ByteSpan packet) {
  const std::size_t last_word = ip_version(packet) == 4
                                    ? offsetof(Ipv4Header, source)
                                    : offsetof(Ipv6Header, source) + sizeof(Ipv6Header::source) - 4;
  if (packet.size() < last_word + 4) return 0;
  return load<std::uint32_t>(packet, last_word) * kMix >> 58;
}

}  // namespace

bool UnreachableReplies::may_answer(ByteSpan packet, TimePoint now) {
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    in_second_ = 0;
    of_sender_.fill(0);
  }
  if (replies_.size() == kMaxReplies || in_second_ == kPerSecond) return false;
  return of_sender_[slot_of_sender(packet)] < kPerSenderAndSecond;
}

void UnreachableReplies::answer(ByteSpan packet, TimePoint now) {
  if (!may_answer(packet, now)) return;
  auto& room = storage_[replies_.size()];
  const std::size_t size = make_unreachable(packet, room);
  if (size == 0) return;
  ++in_second_;
  ++of_sender_[slot_of_sender(packet)];
  replies_.push_back(ByteSpan(room).first(size));
}

}  // namespace wring
