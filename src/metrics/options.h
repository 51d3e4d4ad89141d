// What `wring metrics` is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace wring::metrics {

// Which peers have series of their own.
enum class PeerChoice : std::uint8_t {
  kAll,
  kActive,  // a handshake within the last hour
  kNone,
};

// Whose names the series of peers have.
enum class Style : std::uint8_t { kMindFlavor, kMdlayher, kBoth };

struct Options {
  std::string listen = "127.0.0.1:9586";
  std::vector<std::string> interfaces;  // empty: all
  std::string peers = "all";
  std::string style = "mindflavor";
  std::vector<std::string> names;  // configurations whose comments name peers
  bool no_seccomp = false;

  [[nodiscard]] PeerChoice peer_choice() const;
  [[nodiscard]] Style series_style() const;
};

// Adds options and words. `options` outlives the parsing.
void describe(CLI::App& app, Options& options);
// The words that ask for these options, without the program's name.
[[nodiscard]] std::vector<std::string> words_of(const Options& options);

}  // namespace wring::metrics
