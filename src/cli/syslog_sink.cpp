// Writes lines as syslog() of the C library does (RFC 3164), one datagram each.
#include "cli/syslog_sink.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace wring {
namespace {

constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int severity_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return LOG_CRIT;
    case spdlog::level::err:
      return LOG_ERR;
    case spdlog::level::warn:
      return LOG_WARNING;
    case spdlog::level::info:
      return LOG_INFO;
    default:
      return LOG_DEBUG;
  }
}

}  // namespace

SyslogSink::SyslogSink(std::string identity, const std::string& path)
    : identity_(std::move(identity)), socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  log_.sun_family = AF_UNIX;
  path.copy(log_.sun_path, sizeof log_.sun_path - 1);
  // It is for sending alone, also in the hands of somebody else. A socket that has a name, here one
  // that the kernel makes up, takes no other one, and what is shut down stays so.
  [[maybe_unused]] const int named =
      bind(socket_.get(), reinterpret_cast<const sockaddr*>(&log_), sizeof log_.sun_family);
  shutdown(socket_.get(), SHUT_RD);
}

bool SyslogSink::has_listener() const {
  // Not on socket_, which stays unconnected.
  const UniqueFd probe(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&log_), sizeof log_) == 0;
}

void SyslogSink::sink_it_(const spdlog::details::log_msg& message) {
  const std::time_t now = spdlog::log_clock::to_time_t(message.time);
  std::tm local{};
  // Unlike strftime(), this does not look at the time zone's file again.
  localtime_r(&now, &local);
  const auto line = [&](int severity, std::string_view text) {
    return fmt::format("<{}>{} {:2} {:02}:{:02}:{:02} {}[{}]: {}", LOG_DAEMON | severity,
                       kMonths.at(static_cast<std::size_t>(local.tm_mon)), local.tm_mday,
                       local.tm_hour, local.tm_min, local.tm_sec, identity_, getpid(), text);
  };
  if (lost_ > 0 && send(line(LOG_WARNING, fmt::format("{} lines were lost here", lost_)))) {
    lost_ = 0;
  }
  const std::string_view text(message.payload.data(), message.payload.size());
  if (!send(line(severity_of(message.level), text))) ++lost_;
}

bool SyslogSink::send(const std::string& line) const {
  return sendto(socket_.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                reinterpret_cast<const sockaddr*>(&log_), sizeof log_) >= 0;
}

}  // namespace wring
