// Checks the words, and starts the program that serves metrics.
#include "command/metrics.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "metrics/options.h"
#include "run/programs.h"

namespace wring::command {
namespace {

// Returns only if it cannot be started.
Result<int> become_server(const metrics::Options& options) {
  const auto program = run::find_metrics_server();
  if (!program) return tl::unexpected(program.error());
  std::vector<std::string> words = metrics::words_of(options);
  words.insert(words.begin(), *program);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(pointers.front(), pointers.data());
  return system_failure("cannot start " + *program, errno);
}

}  // namespace

Action describe_metrics(CLI::App& app) {
  auto options = std::make_shared<metrics::Options>();
  metrics::describe(app, *options);
  return [options] { return become_server(*options); };
}

}  // namespace wring::command
