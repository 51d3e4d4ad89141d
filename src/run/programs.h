// Other programs: hooks, those that know about DNS, and the server of metrics.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wring::run {

// Runs a program with these words, the first of which is looked for on PATH, and `input` as its
// stdin. Waits until it ends, and returns its exit status (128 and more: a signal ended it). Its
// signals are those of a fresh process.
[[nodiscard]] Result<int> run_program(const std::vector<std::string>& words,
                                      std::string_view input = {});

// Buries children that have ended, all but `kept`: as process 1 of a container this process
// inherits orphans. Once `kept` has ended, others may stay.
void reap_orphans(pid_t kept);

// The file of that name in a folder of PATH that may be run; empty if there is none.
[[nodiscard]] std::string find_program(const std::string& name);

// The program behind `wring metrics`, which is beside this one.
[[nodiscard]] Result<std::string> find_metrics_server();

// Runs a hook of the interface by bash, or by sh where there is no bash. Every %i stands for the
// interface. The Error has the command in it.
[[nodiscard]] Result<void> run_hook(const std::string& command, const std::string& interface);

}  // namespace wring::run
