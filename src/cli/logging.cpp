#include "cli/logging.h"

#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

namespace wring {
namespace {

// The one sink of the logger. Other threads may be logging when the log goes elsewhere: what lies
// behind this sink may be exchanged then, the default logger may not.
spdlog::sinks::dist_sink_mt& destination() {
  static const auto sink = [] {
    auto made = std::make_shared<spdlog::sinks::dist_sink_mt>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("wring", made));
    return made;
  }();
  return *sink;
}

void log_to(spdlog::sink_ptr sink, LogLevel level) {
  destination().set_sinks({std::move(sink)});
  switch (level) {
    case LogLevel::kSilent:
      spdlog::set_level(spdlog::level::off);
      break;
    case LogLevel::kError:
      spdlog::set_level(spdlog::level::warn);
      break;
    case LogLevel::kVerbose:
      spdlog::set_level(spdlog::level::debug);
      break;
  }
}

}  // namespace

void log_to_stderr(LogLevel level, const std::string& interface) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%Y-%m-%d %H:%M:%S.%e wring " + interface + " %l: %v");
  log_to(std::move(sink), level);
}

void log_to_syslog(LogLevel level, const std::string& interface) {
  // The sink keeps the identity's characters for openlog().
  auto sink = std::make_shared<spdlog::sinks::syslog_sink_mt>("wring-" + interface, LOG_PID,
                                                              LOG_DAEMON, true);
  sink->set_pattern("%v");
  log_to(std::move(sink), level);
}

}  // namespace wring
