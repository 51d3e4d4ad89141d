// Reads lines of USER:PASSWORD.
#include "proxyconfig/credentials.h"

#include <algorithm>
#include <string>

namespace wring::proxy {

config::Read<std::vector<Credentials>> read_credentials(std::string_view text) {
  using config::wrong;
  std::vector<Credentials> users;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t newline = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == line.npos || colon == 0) {
      return wrong("bad-credentials", "line " + std::to_string(number) + " is not USER:PASSWORD",
                   "write one user a line, as USER:PASSWORD");
    }
    if (users.size() == kMaxUsers) {
      return wrong("bad-credentials", "more than " + std::to_string(kMaxUsers) + " users",
                   "remove some");
    }
    users.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  if (users.empty()) {
    // Else a listener that should ask would ask nobody.
    return wrong("bad-credentials", "no user is in it", "write one user a line, as USER:PASSWORD");
  }
  return users;
}

}  // namespace wring::proxy
