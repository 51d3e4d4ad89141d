// The default logger of spdlog, whose sink can be exchanged while it is in use.
#include "cli/logging.h"

#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "cli/syslog_sink.h"

namespace wring {
namespace {

// The one sink of the logger. Other threads may log while the log is sent elsewhere. They allow the
// sinks behind this one to be exchanged, but not the default logger.
spdlog::sinks::dist_sink_mt& destination() {
  static const auto sink = [] {
    auto made = std::make_shared<spdlog::sinks::dist_sink_mt>();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("wring", made));
    return made;
  }();
  return *sink;
}

}  // namespace

LogSink stderr_sink(const std::string& interface) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%Y-%m-%d %H:%M:%S.%e wring " + interface + " %l: %v");
  return sink;
}

LogSink syslog_sink(const std::string& interface) {
  auto sink = std::make_shared<SyslogSink>("wring-" + interface);
  if (!sink->has_listener()) {
    spdlog::warn(
        "{}: no syslog listens on /dev/log, so the log is lost until one does; use -f to log to "
        "stderr",
        interface);
  }
  return sink;
}

void log_to(LogSink sink, LogLevel level) {
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

}  // namespace wring
