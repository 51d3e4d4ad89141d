// Splits a list at its commas and checks each CPU against those this process may use.
#include "cli/cpu_list.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "base/decimal.h"

namespace wring {
namespace {

// "4" or "0-3".
struct Range {
  unsigned first;
  unsigned last;
};

std::optional<Range> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_decimal<unsigned>(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_decimal<unsigned>(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

// Puts the CPUs of one part of the list behind those of the parts before it.
Result<void> append(std::vector<unsigned>& cpus, std::string_view part,
                    const cpu_set_t& permitted) {
  const auto range = parse_range(part);
  if (!range) {
    return failure("\"" + std::string(part) + "\" names no CPUs; write a list such as 0-3,8");
  }
  for (unsigned cpu = range->first; cpu <= range->last; ++cpu) {
    if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &permitted)) {
      return failure("CPU " + std::to_string(cpu) +
                     " is not there, or this process may not run on it");
    }
    if (std::find(cpus.begin(), cpus.end(), cpu) != cpus.end()) {
      return failure("CPU " + std::to_string(cpu) + " is named twice");
    }
    cpus.push_back(cpu);
  }
  return {};
}

}  // namespace

Result<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
  cpu_set_t permitted;
  CPU_ZERO(&permitted);
  if (sched_getaffinity(0, sizeof permitted, &permitted) != 0) {
    return system_failure("cannot tell which CPUs there are", errno);
  }
  std::vector<unsigned> cpus;
  // An empty text is one part, which names no CPUs, and so is what follows a comma at the end.
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (auto done = append(cpus, text.substr(begin, end - begin), permitted); !done) {
      return tl::unexpected(done.error());
    }
    begin = end + 1;
  }
  return cpus;
}

}  // namespace wring
