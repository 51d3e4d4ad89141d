#include "tools/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

namespace wring {
namespace {

void use(std::shared_ptr<spdlog::logger> logger, LogLevel level) {
  switch (level) {
    case LogLevel::kSilent:
      logger->set_level(spdlog::level::off);
      break;
    case LogLevel::kError:
      logger->set_level(spdlog::level::warn);
      break;
    case LogLevel::kVerbose:
      logger->set_level(spdlog::level::debug);
      break;
  }
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

void log_to_stderr(LogLevel level, const std::string& interface) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%Y-%m-%d %H:%M:%S.%e wring " + interface + " %l: %v");
  use(std::make_shared<spdlog::logger>("wring", std::move(sink)), level);
}

void log_to_syslog(LogLevel level, const std::string& interface) {
  // The sink keeps the identity's characters for openlog().
  auto sink = std::make_shared<spdlog::sinks::syslog_sink_mt>("wring-" + interface, LOG_PID,
                                                              LOG_DAEMON, true);
  sink->set_pattern("%v");
  use(std::make_shared<spdlog::logger>("wring", std::move(sink)), level);
}

}  // namespace wring
