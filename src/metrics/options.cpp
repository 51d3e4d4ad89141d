// Describes the options to CLI11.
#include "metrics/options.h"

#include <CLI/CLI.hpp>

namespace wring::metrics {

PeerChoice Options::peer_choice() const {
  if (peers == "none") return PeerChoice::kNone;
  return peers == "active" ? PeerChoice::kActive : PeerChoice::kAll;
}

Style Options::series_style() const {
  if (style == "both") return Style::kBoth;
  return style == "mdlayher" ? Style::kMdlayher : Style::kMindFlavor;
}

void describe(CLI::App& app, Options& options) {
  app.add_option("INTERFACE", options.interfaces, "Interfaces; without one all that are served")
      ->type_name("");
  app.add_option("--listen", options.listen,
                 "Where Prometheus asks; by default 127.0.0.1:9586. [::]:9586 is every address")
      ->type_name("ADDR:PORT");
  app.add_option("--metrics-peers", options.peers,
                 "Which peers have series: all (default), active (a handshake within an hour), or "
                 "none")
      ->type_name("PEERS")
      ->check(CLI::IsMember({"all", "active", "none"}).description(""));
  app.add_option("--metrics-style", options.style,
                 "Names of the series of peers: those of mindflavor's exporter (default), "
                 "mdlayher's, or both")
      ->type_name("STYLE")
      ->check(CLI::IsMember({"mindflavor", "mdlayher", "both"}).description(""));
  app.add_option("--names", options.names,
                 "A configuration whose comments name peers, besides "
                 "/etc/wireguard/INTERFACE.conf; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_flag("--no-seccomp", options.no_seccomp, "Do not filter system calls");
  app.footer("Serves /metrics, /healthz and /readyz, until SIGINT or SIGTERM.");
}

std::vector<std::string> words_of(const Options& options) {
  std::vector<std::string> words{"--listen",    options.listen,    "--metrics-peers",
                                 options.peers, "--metrics-style", options.style};
  for (const std::string& file : options.names) {
    words.emplace_back("--names");
    words.push_back(file);
  }
  if (options.no_seccomp) words.emplace_back("--no-seccomp");
  words.emplace_back("--");
  words.insert(words.end(), options.interfaces.begin(), options.interfaces.end());
  return words;
}

}  // namespace wring::metrics
