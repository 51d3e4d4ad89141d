// Where the log goes: stderr in the foreground, syslog in the background.
#pragma once

#include <memory>
#include <string>

namespace spdlog::sinks {
class sink;
}

namespace wring {

enum class LogLevel { kSilent, kError, kVerbose };  // wireguard-go's three

using LogSink = std::shared_ptr<spdlog::sinks::sink>;

[[nodiscard]] LogSink stderr_sink(const std::string& interface);
// Opens its socket at once, so that a confined thread may log. Warns in the present log if nobody
// would read what goes there.
[[nodiscard]] LogSink syslog_sink(const std::string& interface);

// The log goes to `sink` from now on. The first call comes while there is one thread only. Later
// calls may come while other threads log.
void log_to(LogSink sink, LogLevel level);

}  // namespace wring
