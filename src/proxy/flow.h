// Bytes of one direction of a connection, from socket to socket, without a copy where there are
// many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "httptext/chunked_body.h"
#include "stack/end_mark.h"

namespace wring::proxy {

// A pipe, through which the kernel hands on what is in one socket to another.
struct Pipe {
  UniqueFd in;   // to be read
  UniqueFd out;  // to be written
};

// Pipes that no direction holds. One thread.
class Pipes {
 public:
  // Empty if none can be made.
  [[nodiscard]] Pipe take();
  // An empty one comes back.
  void give_back(Pipe pipe);

 private:
  static constexpr std::size_t kKept = 64;
  std::vector<Pipe> idle_;
};

// Few bytes are read and sent; many go through a pipe. A direction holds a pipe only while bytes
// are in it: while its sink takes no more. So a slow reader costs one pipe, 256 KB, and what the
// kernel keeps in two sockets.
class Flow {
 public:
  enum class State : std::uint8_t {
    kWaiting,  // for the source or the sink
    kMore,     // its share of this turn is used up
    kStarved,  // for a pipe: no descriptor is left
    kEnded,    // all that came has been passed on, and the end with it
    kRefused,  // the sink takes nothing any more, and neither does this from the source
    kBroken,   // the source was reset
  };

  // These bytes go first; they were read already.
  void begin_with(std::string bytes) { first_ = std::move(bytes); }
  // Takes no more than this from the source, and then tells the sink nothing of an end.
  void limit(std::uint64_t bytes) { left_ = bytes; }
  // The same, up to the end of this body. One that is wrong breaks the flow.
  void limit(const ChunkedBody& body) { body_ = std::make_unique<ChunkedBody>(body); }
  // By which an end is told from a reset; see stack/end_mark.h. -1: the socket itself tells them
  // apart. They outlive the flow.
  void use_marks(int of_source, int of_sink) {
    source_mark_ = of_source;
    sink_mark_ = of_sink;
  }
  // The kernel reports the reset of a socket once, and this has seen it. What is read from the sink
  // from then on looks like an end.
  [[nodiscard]] bool sink_was_reset() const { return sink_was_reset_; }
  // What is left in the source is passed on, and then the flow breaks.
  void source_was_reset() { source_was_reset_ = source_was_reset_ || !source_ended_; }
  // The source is whole up to its end.
  [[nodiscard]] bool end_is_marked() const { return stack::end_is_marked(source_mark_); }
  [[nodiscard]] bool has_source_mark() const { return source_mark_ >= 0; }

  // `more_behind`: something else than bytes is behind them, as an end.
  void source_is_ready(bool more_behind) {
    readable_ = true;
    more_behind_ = more_behind_ || more_behind;
  }
  void sink_is_ready() { writable_ = true; }
  [[nodiscard]] bool has_ended() const { return ended_; }
  // The sink knows of it. Not with a limit.
  [[nodiscard]] bool has_told_end() const { return ended_ && left_ == kNoLimit; }
  // It has, and nothing is left in the source.
  [[nodiscard]] bool has_read_all() const { return ended_ && source_ended_; }

  // Passes on what it can. Neither socket blocks. `sink_closes`: if this ends, the sink is closed
  // next, which tells it of the end.
  [[nodiscard]] State run(Pipes& pipes, int source, int sink, bool sink_closes = false);
  // Since the last call.
  [[nodiscard]] std::uint64_t take_passed();

 private:
  enum class Step : std::uint8_t { kDone, kBlocked, kStarved, kRefused, kBroken };
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  [[nodiscard]] Step send_first(int sink);
  [[nodiscard]] Step pass_few(int source, int sink);
  [[nodiscard]] Step fill(Pipes& pipes, int source);
  // What stands between the data of chunks.
  [[nodiscard]] Step take_framing(int source);
  [[nodiscard]] Step drain(int sink);
  [[nodiscard]] Step end(int sink, bool sink_closes);
  [[nodiscard]] Step source_failed();
  [[nodiscard]] Step sink_failed();
  [[nodiscard]] std::size_t most(std::size_t wanted) const;
  void count_read(std::size_t size);

  std::string first_;
  Pipe pipe_;
  std::size_t held_ = 0;  // bytes in the pipe
  std::uint64_t left_ = kNoLimit;
  std::unique_ptr<ChunkedBody> body_;
  int source_mark_ = -1;
  int sink_mark_ = -1;
  std::uint64_t passed_ = 0;
  bool many_ = false;      // so many bytes at once have come that a pipe is worth it
  bool readable_ = false;  // by events that were told
  bool more_behind_ = false;
  bool writable_ = true;  // until it takes no more
  bool source_ended_ = false;
  bool ended_ = false;
  bool refused_ = false;
  bool sink_was_reset_ = false;
  bool source_was_reset_ = false;
};

}  // namespace wring::proxy
