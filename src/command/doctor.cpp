// Says what is wrong with this host or a tunnel, what that means, and what to do.
#include "command/doctor.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "client/connection.h"
#include "client/interfaces.h"
#include "command/config_file.h"
#include "command/output.h"
#include "crypto/aead.h"
#include "doctor/examination.h"
#include "doctor/host_checks.h"
#include "doctor/process_checks.h"

namespace wring::command {
namespace {

using doctor::Finding;
using doctor::Grade;

struct DoctorWords {
  std::string target;
  bool json = false;
  bool passive = false;
  double timeout_s = 5;
};

// 1 is that of all commands for what could not be done at all.
constexpr std::array kStatus{0, 0, 2, 3};  // by grade

doctor::ExaminationOptions options_of(const DoctorWords& words) {
  const auto patience = std::chrono::duration<double>(words.timeout_s);
  return {words.passive, std::chrono::duration_cast<Duration>(patience),
          doctor::is_plausible(SystemClock().wall_now())};
}

std::vector<Finding> warnings_of(const LoadedConfig& loaded) {
  std::vector<Finding> findings;
  for (const auto& [severity, at, length, complaint] : loaded.diagnostics.all()) {
    // The doctor looks at the routes by itself.
    if (severity != config::Severity::kWarning || complaint.code == "endpoint-inside") continue;
    findings.push_back({Grade::kWarning,
                        complaint.code,
                        loaded.diagnostics.file() + ":" + std::to_string(at.line),
                        complaint.what,
                        {},
                        complaint.cure});
  }
  return findings;
}

Result<std::vector<Finding>> examine_engine(const std::string& interface,
                                            const DoctorWords& words) {
  const auto state = client::ask(interface);
  if (!state) return tl::unexpected(state.error());
  return doctor::examine_interface(*state, options_of(words));
}

Result<std::vector<Finding>> examine_file(const DoctorWords& words) {
  const auto loaded = load_config(words.target);
  if (!loaded) {
    return failure(loaded.error().message + "; \"" + words.target +
                   "\" is neither a running interface nor a file that can be read");
  }
  if (loaded->diagnostics.has_errors()) {
    print_problems(*loaded);
    return failure(loaded->file.name + " has mistakes, see above; mend them first");
  }
  auto findings = warnings_of(*loaded);
  doctor::ExaminationOptions options = options_of(words);
  const std::string stem = std::filesystem::path(loaded->file.name).stem();
  const auto running = doctor::find_running(loaded->config, stem);
  if (running && !running->interface.empty()) {
    auto engine = examine_engine(running->interface, words);
    if (engine) doctor::append(findings, std::move(*engine));
    return findings;
  }
  if (running) {
    options.passive = true;
    findings.push_back({Grade::kNote, "running", stem, running->why + ", so nothing was sent",
                        "a handshake of the doctor would take the tunnel's session away",
                        "end the tunnel, or run `wring doctor INTERFACE`"});
  } else if (!options.clock_is_plausible) {
    options.passive = true;
    findings.push_back({Grade::kNote, "clock-first", stem,
                        "nothing was sent, because the clock is wrong",
                        "a peer that hears a time from the future refuses all before it",
                        "set the clock, and run the doctor again"});
  }
  doctor::append(findings, doctor::examine_config(loaded->config, options));
  return findings;
}

Result<std::vector<Finding>> examine(const DoctorWords& words) {
  if (words.target.empty()) return std::vector<Finding>();
  const auto names = client::list_interfaces();
  if (names && std::ranges::find(*names, words.target) != names->end()) {
    return examine_engine(words.target, words);
  }
  return examine_file(words);
}

void write_text(const std::vector<Finding>& findings, Output& output) {
  for (const Finding& finding : findings) {
    output << to_string(finding.grade) << ": " << finding.about
           << (finding.about.empty() ? "" : ": ") << finding.found << "\n";
    if (finding.grade == Grade::kGood) continue;
    if (!finding.means.empty()) output << "    means: " << finding.means << "\n";
    if (!finding.cure.empty()) output << "    do:    " << finding.cure << "\n";
  }
}

void write_json(const std::vector<Finding>& findings, Output& output) {
  auto list = nlohmann::json::array();
  for (const auto& [grade, code, about, found, means, cure] : findings) {
    list.push_back({{"grade", to_string(grade)},
                    {"code", code},
                    {"about", about.empty() ? nlohmann::json() : nlohmann::json(about)},
                    {"found", found},
                    {"means", means},
                    {"cure", cure}});
  }
  const nlohmann::json all = {
      {"format", 1}, {"worst", to_string(doctor::worst(findings))}, {"findings", std::move(list)}};
  output << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

Result<int> run(const DoctorWords& words) {
  if (!prepare_crypto()) return failure("cannot use libsodium");
  // First, because it forks.
  std::vector<Finding> tried = {doctor::check_user_namespaces(), doctor::check_locked_memory(),
                                doctor::check_landlock(),
                                doctor::check_clock(SystemClock().wall_now())};
  auto findings = doctor::check_host();
  doctor::append(findings, std::move(tried));
  auto examined = examine(words);
  if (!examined) return tl::unexpected(examined.error());
  doctor::append(findings, std::move(*examined));
  Output output(STDOUT_FILENO);
  words.json ? write_json(findings, output) : write_text(findings, output);
  if (auto written = output.finish(); !written) return tl::unexpected(written.error());
  return kStatus[static_cast<std::size_t>(doctor::worst(findings))];
}

}  // namespace

Action describe_doctor(CLI::App& app) {
  constexpr double kMaxTimeout = 600;
  auto words = std::make_shared<DoctorWords>();
  app.add_option("CONFIG", words->target,
                 "A running interface, or a configuration: path, - for stdin, or its interface")
      ->type_name("");
  app.add_flag("--json", words->json, "Print JSON, as docs/json.md describes it");
  app.add_flag("--passive", words->passive, "Send nothing to peers");
  app.add_option("--timeout", words->timeout_s, "Seconds that a peer may take to answer (5)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, kMaxTimeout));
  app.footer(
      "The exit status is 0 if all is well, 2 if there are warnings, 3 if something does not work, "
      "and 1 if it could not be examined. Notes do not change it.");
  return [words] { return run(*words); };
}

}  // namespace wring::command
