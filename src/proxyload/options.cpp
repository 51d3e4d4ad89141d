// Describes the options to CLI11, in the names that wireproxy gave them.
#include "proxyload/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

#include "config/words.h"
#include "proxyconfig/addresses.h"
#include "proxyload/load.h"

namespace wring::proxy {
namespace {

constexpr const char* kPurpose =
    "A WireGuard tunnel without an interface: proxies and forwards at both of its ends, for an\n"
    "ordinary user, from a configuration of wireproxy or wg-quick.";
constexpr const char* kFooter =
    "Without CONFIG: /etc/wireproxy/wireproxy.conf, or else $HOME/.config/wireproxy.conf.\n"
    "ADDRESS is HOST:PORT, unix:/PATH or systemd:NAME.\n"
    "The exit status is 1 if the command line or the configuration is wrong, or if the proxy\n"
    "cannot start. See wring-proxy(5) for the configuration.";

// As text, until all of the command line is known.
struct Written {
  std::string option_path;
  std::string info;
  std::vector<std::string> socks5;
  std::vector<std::string> http;
  bool test_only = false;
};

void describe(CLI::App& app, Options& options, Written& written) {
  app.add_option("CONFIG", options.config_path, "The configuration")->type_name("");
  app.add_option("-c,--config", written.option_path, "The same")->type_name("CONFIG");
  app.add_flag("-s,--silent", options.silent, "Log nothing");
  app.add_flag("-d,--daemon", options.background, "Go to the background once all listeners are up");
  app.add_option("-i,--info", written.info, "Serve /readyz and /metrics at this address")
      ->type_name("ADDRESS");
  app.set_version_flag("-v,--version", std::string("wring-proxy, version ") + WRING_VERSION);
  app.add_flag("-n,--configtest", written.test_only,
               "Only look at the configuration, say what is wrong in it, and end");
  app.add_flag("--watch", options.watch,
               "Change what differs when the configuration changes, as SIGHUP does");
  app.add_option("--socks5", written.socks5, "Have a SOCKS5 proxy at this address, too")
      ->allow_extra_args(false)
      ->type_name("ADDRESS");
  app.add_option("--http", written.http, "Have an HTTP proxy at this address, too")
      ->allow_extra_args(false)
      ->type_name("ADDRESS");
  app.add_option("--stack", options.stack,
                 "The TCP/IP stack: kernel, which takes user namespaces, or lwip; auto takes lwip\n"
                 "where these are refused")
      ->transform(CLI::CheckedTransformer(std::map<std::string, StackKind>{
          {"auto", StackKind::kAuto}, {"kernel", StackKind::kKernel}, {"lwip", StackKind::kLwip}}))
      ->option_text("auto|kernel|lwip");
  app.footer(kFooter);
}

// wireproxy takes -c=FILE, too, and -nc=FILE.
std::vector<std::string> words_of(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t equals = word.find('=');
    const bool letters = word.starts_with('-') && equals != word.npos && equals > 1 &&
                         std::ranges::all_of(word.substr(1, equals - 1), config::is_letter);
    words.emplace_back(letters ? word.substr(0, equals) : word);
    if (letters) words.emplace_back(word.substr(equals + 1));
  }
  std::ranges::reverse(words);  // as CLI11 wants it
  return words;
}

tl::unexpected<Stop> stop(const std::string& message) {
  return tl::unexpected(Stop{EXIT_FAILURE, "wring proxy: " + message + "\n"});
}

tl::expected<BindAddress, Stop> address_of(const char* option, const std::string& text) {
  auto read = read_bind_address(text, {});
  if (read) return std::move(*read);
  return stop(std::string(option) + ": " + read.error().what + "; " + read.error().cure);
}

// Adds a listener for each address. Nothing if all are right.
std::optional<Stop> add_listeners(Options& options, Listener::Kind kind, const char* option,
                                  const std::vector<std::string>& addresses) {
  for (const std::string& text : addresses) {
    auto bind = address_of(option, text);
    if (!bind) return bind.error();
    Listener& listener = options.listeners.emplace_back();
    listener.kind = kind;
    listener.bind = std::move(*bind);
  }
  return std::nullopt;
}

Stop test_config(const std::string& path) {
  const auto loaded = load_config(path);
  if (!loaded) return stop(loaded.error().message).value();
  std::cerr << messages_of(loaded->reading, true);
  if (loaded->reading.has_errors()) return {EXIT_FAILURE, ""};
  return {EXIT_SUCCESS, "Config OK\n"};
}

tl::expected<Options, Stop> finished(Options options, const Written& written) {
  if (!written.option_path.empty() && !options.config_path.empty()) {
    return stop("CONFIG is given twice; leave one of them out");
  }
  if (!written.option_path.empty()) options.config_path = written.option_path;
  if (options.config_path.empty()) options.config_path = default_config_path();
  if (options.config_path.empty()) {
    return stop(
        "no CONFIG is given, and there is neither /etc/wireproxy/wireproxy.conf nor "
        "$HOME/.config/wireproxy.conf; see wring proxy --help");
  }
  if (!written.info.empty()) {
    auto info = address_of("--info", written.info);
    if (!info) return tl::unexpected(info.error());
    options.info = std::move(*info);
  }
  using Kind = Listener::Kind;
  if (auto wrong = add_listeners(options, Kind::kSocks5, "--socks5", written.socks5)) {
    return tl::unexpected(*wrong);
  }
  if (auto wrong = add_listeners(options, Kind::kHttp, "--http", written.http)) {
    return tl::unexpected(*wrong);
  }
  if (written.test_only) return tl::unexpected(test_config(options.config_path));
  return options;
}

}  // namespace

void with_options_described(const std::function<void(const CLI::App&)>& use) {
  Options options;
  Written written;
  CLI::App app(kPurpose, "wring proxy");
  describe(app, options, written);
  use(app);
}

tl::expected<Options, Stop> parse_options(int argc, const char* const* argv) {
  Options options;
  Written written;
  CLI::App app(kPurpose, "wring proxy");
  describe(app, options, written);
  try {
    app.parse(words_of(argc, argv));
  } catch (const CLI::Success& wanted) {
    std::ostringstream text;
    const int status = app.exit(wanted, text, text);
    if (!text.str().ends_with('\n')) text << '\n';
    return tl::unexpected(Stop{status, text.str()});
  } catch (const CLI::ParseError& error) {
    return stop(std::string(error.what()) + "; see wring proxy --help");
  }
  return finished(std::move(options), written);
}

}  // namespace wring::proxy
