// A sink of spdlog that sends each line to the system's log.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <sys/un.h>

#include <mutex>
#include <string>

#include "base/unique_fd.h"

namespace wring {

// The C library's syslog() connects again when the log was started anew, so every thread that logs
// would need the right to open sockets and to connect them. This sink opens its socket once and
// names the log's socket file with each line. Any thread may log, also a confined one, and a line
// reaches the log that is there at that moment.
//
// It never waits. A line for which the log has no room is lost, and the next line that gets through
// says how many were.
class SyslogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // `identity` is the program's name in the log. `path` is the log's socket (SOCK_DGRAM).
  explicit SyslogSink(std::string identity, const std::string& path = "/dev/log");

  // Whether somebody listens at `path` now.
  [[nodiscard]] bool has_listener() const;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}
  [[nodiscard]] bool send(const std::string& line) const;

  const std::string identity_;
  const UniqueFd socket_;
  sockaddr_un log_{};
  unsigned long lost_ = 0;
};

}  // namespace wring
