// wring with a cipher that does nothing, so that bench/compare.py can show how much of the time is
// the cipher's. It hides nothing and lets every forged packet in.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/options.h"
#include "cli/program.h"

namespace {

constexpr std::string_view kAcknowledgement = "--null-cipher";

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const auto end = std::remove(arguments.begin(), arguments.end(), kAcknowledgement);
  if (end == arguments.end()) {
    std::cerr << "wring-null-cipher: this build encrypts nothing and accepts forged packets; it "
                 "is for bench/compare.py and runs only with "
              << kAcknowledgement << ". Use wring\n";
    return EXIT_FAILURE;
  }
  arguments.erase(end, arguments.end());
  auto options = wring::parse_options(static_cast<int>(arguments.size()), arguments.data());
  if (!options) return wring::print(options.error());
  std::cerr << "wring-null-cipher: WARNING: nothing that crosses "
            << options->interface << " is encrypted or authenticated\n";
  return wring::run_program(std::move(*options));
}
