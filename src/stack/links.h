// All that the relay has in the stack: connections, listeners, and sockets of datagrams.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "stack/alarms.h"
#include "stack/control.h"
#include "stack/local_ports.h"

namespace wring::stack {

// One of them. It stays where it is, because lwIP and the loop call it.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  virtual ~Link() = default;
};

// One thread.
class Links {
 public:
  // At once. What comes beyond is refused, and the others go on. lwIP has its connections in a
  // list, which is why there are not more.
  static constexpr std::size_t kMostConnections = 2048;
  static constexpr std::size_t kMostOthers = 4608;

  // Loop and clock outlive it.
  Links(EventLoop& loop, const Clock& clock);
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] Alarms& alarms() { return alarms_; }
  [[nodiscard]] LocalPorts& ports() { return ports_; }
  // The time, which is asked for after each wait and where something may have taken long.
  [[nodiscard]] TimePoint now() const { return now_; }
  void refresh() { now_ = clock_.now(); }
  // Carries out what the relay asks.
  void take(const Request& request, UniqueFd end);
  // Keeps a link. False: there are too many of its kind, and it is gone.
  bool keep(std::unique_ptr<Link> link, bool is_connection);
  // The link is over. It is kept to the end of the turn.
  void end(const Link& link);
  // To be called at the end of each turn.
  void bury() { buried_.clear(); }

  [[nodiscard]] bool has_room() const { return connections_ < kMostConnections; }

 private:
  struct Kept {
    std::unique_ptr<Link> link;
    bool is_connection;
  };
  void connect(const Request& request, UniqueFd end);

  EventLoop& loop_;
  const Clock& clock_;
  TimePoint now_;
  Alarms alarms_;  // outlives the links
  LocalPorts ports_;
  std::unordered_map<const Link*, Kept> links_;
  std::vector<std::unique_ptr<Link>> buried_;
  std::size_t connections_ = 0;
};

}  // namespace wring::stack
