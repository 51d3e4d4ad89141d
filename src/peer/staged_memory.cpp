// Finds room for a packet that has to wait, and chooses which other packet gives way.
#include "peer/staged_memory.h"

#include <algorithm>
#include <bit>
#include <new>

#include "peer/staged_packets.h"

namespace wring {
namespace {

// A large packet needs blocks in a row. After so many others gave way without making such a row, it
// is dropped itself.
constexpr std::size_t kMaxVictims = 64;

std::size_t class_of(std::uint32_t blocks) {
  return static_cast<std::size_t>(std::bit_width(blocks)) - 1;
}

}  // namespace

StagedMemory::Packet* StagedMemory::make(ByteSpan packet, std::size_t& dropped) {
  const std::size_t size = sizeof(Packet) + packet.size();
  // Larger than any datagram, so that it could not be sent anyway.
  if (size > BlockMemory::kMaxPiece) return nullptr;
  void* piece = memory_.allocate(size);
  for (std::size_t n = 0; piece == nullptr && n < kMaxVictims && drop_one(); ++n) {
    ++dropped;
    piece = memory_.allocate(size);
  }
  if (piece == nullptr) return nullptr;
  ++packets_;
  auto* made = new (piece) Packet{nullptr, packet.size()};
  std::copy(packet.begin(), packet.end(), reinterpret_cast<std::uint8_t*>(made + 1));
  return made;
}

void StagedMemory::free(Packet* packet) {
  --packets_;
  memory_.free(packet, sizeof(Packet) + packet->size);
}

bool StagedMemory::drop_one() {
  const auto most = std::find_if(by_blocks_.rbegin(), by_blocks_.rend(),
                                 [](const Queues& queues) { return !queues.empty(); });
  if (most == by_blocks_.rend()) return false;
  StagedPackets& queue = *most->back();
  queue.memory_.mutex_.assert_held();  // it is our own
  queue.drop_oldest();
  return true;
}

void StagedMemory::note_blocks(StagedPackets& queue, std::uint32_t blocks) {
  queue.memory_.mutex_.assert_held();  // it is our own
  const std::uint32_t before = queue.blocks_;
  queue.blocks_ = blocks;
  if (before == 0 && blocks == 0) return;
  if (before == 0) {
    Queues& to = by_blocks_[class_of(blocks)];
    to.push_front(&queue);
    queue.place_ = to.begin();
  } else if (blocks == 0) {
    by_blocks_[class_of(before)].erase(queue.place_);
  } else if (class_of(before) != class_of(blocks)) {
    Queues& to = by_blocks_[class_of(blocks)];
    to.splice(to.begin(), by_blocks_[class_of(before)], queue.place_);
  }
}

}  // namespace wring
