// Measures what this host can carry, or a tunnel to another one, and prints a table.
#include "command/bench.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/name_lookup.h"
#include "command/output.h"
#include "crypto/aead.h"
#include "measure/measure.h"
#include "measure/server.h"
#include "measure/wire.h"

namespace wring::command {
namespace {

using measure::Row;

struct BenchWords {
  std::string peer;
  bool serve = false;
  std::string listen;
  std::uint16_t port = measure::kUsualPort;
  double seconds = 2;
  bool json = false;
};

// How one figure is called, and where it comes from.
struct Figure {
  const char* name;  // in JSON
  const char* title;
  const char* unit;
  int digits;
  std::function<std::optional<double>(const Row&)> of;  // in the unit of the table
  double unit_in_json;                                  // what JSON has for one of them
};

std::optional<double> scaled(const std::optional<double>& value, double unit) {
  return value ? std::optional(*value / unit) : std::nullopt;
}

std::optional<double> milliseconds(const std::optional<Duration>& value) {
  if (!value) return std::nullopt;
  return std::chrono::duration<double, std::milli>(*value).count();
}

const std::array<Figure, 7>& figures() {
  constexpr double kGiga = 1e9;
  constexpr double kKilo = 1e3;
  static const std::array<Figure, 7> all = {{
      {"tcp1_bit_per_s", "TCP, 1 stream", "Gbit/s", 2,
       [](const Row& row) { return scaled(row.tcp1_bit_s, kGiga); }, kGiga},
      {"tcp4_bit_per_s", "TCP, 4 streams", "Gbit/s", 2,
       [](const Row& row) { return scaled(row.tcp4_bit_s, kGiga); }, kGiga},
      {"small_packets_per_s", "packets of 64 bytes", "1000/s", 0,
       [](const Row& row) { return scaled(row.small_packets_s, kKilo); }, kKilo},
      {"round_trip_at_rest_s", "round trip at rest", "ms", 3,
       [](const Row& row) { return milliseconds(row.rest); }, 1 / kKilo},
      {"round_trip_under_load_s", "round trip beside 4 streams", "ms", 3,
       [](const Row& row) { return milliseconds(row.load); }, 1 / kKilo},
      {"cpu_s_per_gb", "CPU time per GB, both ends", "s", 2,
       [](const Row& row) { return row.cpu_s_per_gb; }, 1},
      {"handshakes_per_s", "handshakes answered", "1/s", 0,
       [](const Row& row) { return row.handshakes_s; }, 1},
  }};
  return all;
}

void write_table(const std::vector<Row>& rows, Output& output) {
  std::string text = fmt::format("{:<28} {:<7}", "", "");
  for (const Row& row : rows)
    text += fmt::format(" {:>12}", row.name);
  for (const Figure& figure : figures()) {
    text += fmt::format("\n{:<28} {:<7}", figure.title, figure.unit);
    for (const Row& row : rows) {
      const auto value = figure.of(row);
      text +=
          value ? fmt::format(" {:>12.{}f}", *value, figure.digits) : fmt::format(" {:>12}", "-");
    }
  }
  output << text << "\n";
}

void write_json(const std::vector<Row>& rows, double seconds, Output& output) {
  auto list = nlohmann::json::array();
  for (const Row& row : rows) {
    nlohmann::json one = {{"name", row.name}};
    for (const Figure& figure : figures()) {
      const auto value = figure.of(row);
      one[figure.name] = value ? nlohmann::json(*value * figure.unit_in_json) : nlohmann::json();
    }
    list.push_back(std::move(one));
  }
  const nlohmann::json all = {{"format", 1}, {"seconds", seconds}, {"ways", std::move(list)}};
  output << all.dump(2) << "\n";
}

// A line on the terminal that is drawn anew, and cleared at the end. Nothing where stderr is none.
class Bar {
 public:
  ~Bar() {
    if (is_terminal_) std::cerr << kClear << std::flush;
  }
  void draw(double done, const std::string& what) const {
    constexpr std::size_t kWidth = 24;
    if (!is_terminal_) return;
    const auto full = static_cast<std::size_t>(done * kWidth);
    std::cerr << kClear << "[" << std::string(full, '#') << std::string(kWidth - full, '.') << "] "
              << what << std::flush;
  }

 private:
  static constexpr const char* kClear = "\r\x1b[K";
  const bool is_terminal_ = isatty(STDERR_FILENO) == 1;
};

Result<std::vector<Row>> measure_rows(const BenchWords& words) {
  const Bar bar;
  const measure::MeasureOptions options{
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(words.seconds)),
      [&bar](double done, const std::string& what) { bar.draw(done, what); }};
  if (words.peer.empty()) return measure::measure_here(options);
  const auto server = client::look_up(words.peer, words.port);
  if (!server) return failure(server.error().message);
  auto row = measure::measure_peer(*server, options);
  if (!row) return tl::unexpected(row.error());
  return std::vector<Row>{std::move(*row)};
}

// Until a signal ends it.
Result<int> serve(const BenchWords& words) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto at = client::look_up(words.listen.empty() ? "::" : words.listen, words.port);
  if (!at) return failure(at.error().message);
  auto server = measure::Server::start(*at);
  if (!server && words.listen.empty()) {
    // A host without IPv6.
    server = measure::Server::start(*client::look_up("0.0.0.0", words.port));
  }
  if (!server) return tl::unexpected(server.error());
  std::cerr << "wring bench: serving at " << to_string((*server)->at())
            << "; on the other end, run wring bench --peer with an address of this host"
            << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  return EXIT_SUCCESS;
}

Result<int> run(const BenchWords& words) {
  if (!prepare_crypto()) return failure("cannot use libsodium");
  if (words.serve) return serve(words);
  const auto rows = measure_rows(words);
  if (!rows) return tl::unexpected(rows.error());
  Output output(STDOUT_FILENO);
  if (words.json) {
    write_json(*rows, words.seconds, output);
  } else {
    write_table(*rows, output);
  }
  if (auto written = output.finish(); !written) return tl::unexpected(written.error());
  return EXIT_SUCCESS;
}

}  // namespace

Action describe_bench(CLI::App& app) {
  constexpr double kLeast = 0.1;
  constexpr double kMost = 60;
  auto words = std::make_shared<BenchWords>();
  app.add_option("--seconds", words->seconds, "How long each measurement takes (2)")
      ->type_name("SECONDS")
      ->check(CLI::Range(kLeast, kMost));
  app.add_flag("--json", words->json, "Print JSON, as docs/json.md describes it");
  auto* const serve = app.add_flag("--serve", words->serve, "Be the other end, until Ctrl-C");
  auto* const peer = app.add_option("--peer", words->peer,
                                    "Measure to a `wring bench --serve` at this address or name")
                         ->type_name("HOST");
  app.add_option("--port", words->port, "TCP and UDP port of --serve and --peer (51822)")
      ->type_name("N")
      ->check(CLI::Range(1, UINT16_MAX));
  app.add_option("--listen", words->listen, "Address at which to serve (all of this host's)")
      ->type_name("ADDRESS")
      ->needs(serve);
  serve->excludes(peer);
  app.footer(
      "Without --serve and --peer, two engines are joined by a cable of the kernel's, in "
      "namespaces "
      "that go when it ends. Beside them: \"no cipher\", a program that copies packets from one "
      "interface to another, and \"no tunnel\", the cable alone.");
  return [words] { return run(*words); };
}

}  // namespace wring::command
