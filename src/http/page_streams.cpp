// Bounds how many snapshots slow clients keep.
#include "http/page_streams.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace wring::http {
namespace {

// Of a page that is made at once, in bytes.
constexpr std::size_t kPiece = 64U << 10;

}  // namespace

PageStream::PageStream(PageStreams& all, std::shared_ptr<const metrics::Snapshot> snapshot,
                       metrics::Style style)
    : all_(all),
      place_(all.under_way_.insert(all.under_way_.end(), this)),
      snapshot_(std::move(snapshot)),
      page_(std::in_place, snapshot_, style) {}

PageStream::~PageStream() {
  if (page_) all_.under_way_.erase(place_);
}

ssize_t PageStream::read(char* to, std::size_t room) {
  if (!page_) return kCutOff;
  if (sent_ == piece_.size()) {
    piece_.clear();
    sent_ = 0;
    if (!is_complete_) is_complete_ = !page_->write_to(piece_, kPiece);
    if (piece_.empty()) return kEnd;
  }
  const std::size_t size = std::min(room, piece_.size() - sent_);
  std::memcpy(to, piece_.data() + sent_, size);
  sent_ += size;
  return static_cast<ssize_t>(size);
}

std::unique_ptr<PageStream> PageStreams::begin(
    const std::shared_ptr<const metrics::Snapshot>& snapshot, metrics::Style style) {
  make_room_for(snapshot.get());
  if (under_way_.size() >= pages_) return nullptr;
  return std::make_unique<PageStream>(*this, snapshot, style);
}

void PageStreams::make_room_for(const metrics::Snapshot* snapshot) {
  std::list<const metrics::Snapshot*> others;  // the newest first
  for (auto each = under_way_.rbegin(); each != under_way_.rend(); ++each) {
    const metrics::Snapshot* const read = (*each)->snapshot_.get();
    if (read != snapshot && std::ranges::find(others, read) == others.end()) {
      others.push_back(read);
    }
  }
  while (others.size() >= snapshots_ && !others.empty()) {
    const metrics::Snapshot* const oldest = others.back();
    others.pop_back();
    for (auto each = under_way_.begin(); each != under_way_.end();) {
      PageStream& stream = **each;
      if (stream.snapshot_.get() != oldest) {
        ++each;
        continue;
      }
      stream.page_.reset();
      stream.snapshot_.reset();
      stream.piece_ = {};
      each = under_way_.erase(each);
    }
  }
}

}  // namespace wring::http
