// Changes settings of an interface by words of the command line.
#include "command/set.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "command/change.h"
#include "command/set_words.h"

namespace wring::command {
namespace {

Result<int> set(const std::string& interface, const std::vector<std::string>& words) {
  if (words.empty()) return failure("say what to set; see wring set --help", EINVAL);
  const auto change = read_set_words(words);
  if (!change) return tl::unexpected(change.error());
  return apply_change(interface, *change);
}

}  // namespace

Action describe_set(CLI::App& app) {
  auto interface = std::make_shared<std::string>();
  app.add_option("INTERFACE", *interface, "The interface to change")->required()->type_name("");
  // All behind it is read as `wg` reads it: a prefix to remove begins with '-' and is no option.
  app.prefix_command();
  app.footer(
      "Behind the interface:\n"
      "  [listen-port PORT] [fwmark MARK] [private-key FILE]\n"
      "  [peer KEY [remove] [preshared-key FILE] [endpoint HOST:PORT]\n"
      "            [persistent-keepalive SECONDS] [allowed-ips [+|-]PREFIX[,[+|-]PREFIX]...]]...\n"
      "\n"
      "FILE holds a key; /dev/stdin does as well, and /dev/null for none. off turns fwmark and\n"
      "keepalive off. Without a sign, the prefixes are all that the peer has from now on.");
  return [&app, interface] { return set(*interface, app.remaining()); };
}

}  // namespace wring::command
