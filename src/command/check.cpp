// Reads configurations, and prints what is wrong in them for people or for programs.
#include "command/check.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "command/config_file.h"
#include "command/output.h"
#include "config/excerpt.h"

namespace wring::command {
namespace {

using config::Diagnostic;
using config::Diagnostics;
using config::Severity;

struct Options {
  std::vector<std::string> paths;
  bool json = false;
};

// What was found in one file, in both forms.
struct Report {
  bool has_errors = false;
  std::string text;
  nlohmann::json json;
};

constexpr std::pair<Severity, const char*> kCounted[] = {
    {Severity::kError, "errors"}, {Severity::kWarning, "warnings"}, {Severity::kNote, "notes"}};

// "1 error", "2 errors".
std::string counted(std::size_t count, Severity severity) {
  return std::to_string(count) + ' ' + std::string(to_string(severity)) + (count == 1 ? "" : "s");
}

std::string text_of(const Diagnostics& diagnostics, std::string_view source) {
  std::string text;
  for (const Diagnostic& one : diagnostics.all()) {
    text += to_string(one, diagnostics.file()) + '\n' + excerpt(source, one);
  }
  std::size_t left_out = 0;
  text += diagnostics.file() + ": ";
  for (const auto& [severity, plural] : kCounted) {
    const std::size_t count = diagnostics.count(severity);
    if (count > config::kMaxDiagnostics) left_out += count - config::kMaxDiagnostics;
    text += counted(count, severity) + (severity == Severity::kNote ? "" : ", ");
  }
  if (left_out != 0) text += "; " + std::to_string(left_out) + " of them are not shown";
  return text + '\n';
}

nlohmann::json json_of(const Diagnostics& diagnostics) {
  auto list = nlohmann::json::array();
  for (const auto& [severity, at, length, complaint] : diagnostics.all()) {
    list.push_back({{"severity", to_string(severity)},
                    {"line", at.line},
                    {"column", at.column},
                    {"length", length},
                    {"code", complaint.code},
                    {"message", complaint.what},
                    {"cure", complaint.cure}});
  }
  nlohmann::json file = {{"file", diagnostics.file()}, {"diagnostics", std::move(list)}};
  for (const auto& [severity, plural] : kCounted) {
    file[plural] = diagnostics.count(severity);
  }
  return file;
}

Result<Report> check_file(const std::string& path) {
  // The check may run where the variables and the keys are not.
  const auto loaded = load_config(path, {.missing = Severity::kWarning});
  if (!loaded) return tl::unexpected(loaded.error());
  const Diagnostics& diagnostics = loaded->diagnostics;
  return Report{diagnostics.has_errors(), text_of(diagnostics, loaded->file.text),
                json_of(diagnostics)};
}

Result<int> check(const Options& options) {
  auto files = nlohmann::json::array();
  std::string text;
  bool has_errors = false;
  for (const std::string& path : options.paths) {
    auto report = check_file(path);
    if (!report) return tl::unexpected(report.error());
    has_errors = has_errors || report->has_errors;
    text += report->text;
    files.push_back(std::move(report->json));
  }
  if (options.json) {
    // A file's name may be any bytes.
    const nlohmann::json all = {{"files", std::move(files)}};
    text = all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  }
  Output output(STDOUT_FILENO);
  output << text;
  if (auto written = output.finish(); !written) return tl::unexpected(written.error());
  return has_errors ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace

Action describe_check(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->paths,
                 "Configurations to check: paths, - for stdin, or names of interfaces")
      ->required();
  app.add_flag("--json", options->json, "Print JSON, as docs/config-file.md describes it");
  app.footer("The exit status is 1 if there are errors. Warnings and notes do not change it.");
  return [options] { return check(*options); };
}

}  // namespace wring::command
