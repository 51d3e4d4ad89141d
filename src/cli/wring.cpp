// The program: `wring wg0` makes a WireGuard interface and serves it until it is told to end.
#include <cstdlib>
#include <optional>
#include <utility>

#include "cli/options.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  int exit_status = EXIT_SUCCESS;
  std::optional<wring::Options> options = wring::parse_options(argc, argv, exit_status);
  return options ? wring::run_program(std::move(*options)) : exit_status;
}
