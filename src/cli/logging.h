// Where the log goes: stderr in the foreground, syslog in the background.
#pragma once

#include <string>

namespace wring {

enum class LogLevel { kSilent, kError, kVerbose };  // wireguard-go's three

// The first of them is called while there is one thread only; from then on any may log.
void log_to_stderr(LogLevel level, const std::string& interface);
void log_to_syslog(LogLevel level, const std::string& interface);

}  // namespace wring
