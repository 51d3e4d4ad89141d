// The program: `wring wg0` makes a WireGuard interface and serves it until it is told to end.
// `wring COMMAND` starts the program that has the commands.
#include <utility>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  if (argc > 1 && wring::is_command(argv[1])) return wring::print(wring::start_command(argv));
  auto options = wring::parse_options(argc, argv);
  return options ? wring::run_program(std::move(*options)) : wring::print(options.error());
}
