// Where the log goes: stderr in the foreground, syslog in the background.
#pragma once

#include <string>

namespace wring {

enum class LogLevel { kSilent, kError, kVerbose };  // wireguard-go's three

void log_to_stderr(LogLevel level, const std::string& interface);
void log_to_syslog(LogLevel level, const std::string& interface);

}  // namespace wring
