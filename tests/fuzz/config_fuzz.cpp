// Any bytes as a configuration: what is accepted and printed is accepted again and prints the same,
// and no message holds what could be a key.
#include <cstdlib>
#include <string>

#include "config/excerpt.h"
#include "config/lint.h"
#include "config/parser.h"
#include "config/printer.h"
#include "config/references.h"
#include "key_runs.h"

using wring::config::Dialect;

static std::string printed(std::string_view text, Dialect dialect) {
  auto [config, diagnostics] = wring::config::parse(text, "f", dialect);
  const bool accepted = !diagnostics.has_errors();
  wring::config::lint(config, diagnostics);
  for (const auto& one : diagnostics.all()) {
    const auto& [code, what, cure] = one.complaint;
    if (code.empty() || what.empty() || cure.empty()) std::abort();
    if (wring::fuzz::longest_key_run(to_string(one, "f") + excerpt(text, one)) > 31) std::abort();
  }
  if (!accepted) return {};
  std::string text_again = wring::config::print(config);
  wring::config::Sources sources;
  sources.variable = [](std::string_view name) { return std::optional(std::string(name)); };
  sources.file = [](const std::string& path) { return wring::Result<std::string>(path); };
  wring::config::resolve(config, sources, diagnostics);
  return text_again;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  printed(text, Dialect::kWg);
  const std::string once = printed(text, Dialect::kWgQuick);
  if (!once.empty() && printed(once, Dialect::kWgQuick) != once) std::abort();
  return 0;
}
