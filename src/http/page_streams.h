// Pages that are on their way to clients, and what they keep in memory.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "metrics/options.h"
#include "metrics/page.h"
#include "metrics/snapshot.h"

namespace wring::http {

class PageStreams;

// A page on its way to one client. One thread.
class PageStream {
 public:
  static constexpr ssize_t kEnd = 0;
  static constexpr ssize_t kCutOff = -1;

  PageStream(PageStreams& all, std::shared_ptr<const metrics::Snapshot> snapshot,
             metrics::Style style);
  ~PageStream();
  PageStream(const PageStream&) = delete;
  PageStream& operator=(const PageStream&) = delete;

  // Writes up to `room` bytes, which is not 0, and returns how many. kEnd after the last one,
  // kCutOff if others need the memory.
  [[nodiscard]] ssize_t read(char* to, std::size_t room);

 private:
  friend class PageStreams;

  PageStreams& all_;
  std::list<PageStream*>::iterator place_;
  std::shared_ptr<const metrics::Snapshot> snapshot_;
  std::optional<metrics::Page> page_;  // nothing: it was cut off
  std::string piece_;
  std::size_t sent_ = 0;
  bool is_complete_ = false;
};

// A client that reads slowly keeps what was known when it asked, which is a lot with 100,000 peers.
// All who ask within a second share one snapshot. If there are more than `snapshots` of them, those
// who read the oldest are cut off. So each has as many seconds at least, less one, and all the time
// it wants while nobody else asks. It outlives its streams. One thread.
class PageStreams {
 public:
  PageStreams(std::size_t pages, std::size_t snapshots) : pages_(pages), snapshots_(snapshots) {}

  // Null if as many are under way as may be.
  [[nodiscard]] std::unique_ptr<PageStream> begin(
      const std::shared_ptr<const metrics::Snapshot>& snapshot, metrics::Style style);

 private:
  friend class PageStream;
  // So that one more snapshot has room.
  void make_room_for(const metrics::Snapshot* snapshot);

  const std::size_t pages_;
  const std::size_t snapshots_;
  std::list<PageStream*> under_way_;  // in the order in which they began
};

}  // namespace wring::http
