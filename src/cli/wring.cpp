// The program: `wring wg0` makes a WireGuard interface and serves it until it is told to end.
#include <utility>

#include "cli/options.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  auto options = wring::parse_options(argc, argv);
  return options ? wring::run_program(std::move(*options)) : wring::print(options.error());
}
