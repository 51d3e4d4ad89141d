// The build's own program that prints the completions of a shell: `wring-completions bash`.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "completion/shells.h"

int main(int argc, char** argv) {
  using namespace wring::completion;
  const std::string_view shell = argc == 2 ? argv[1] : "";
  std::string (*const script)(const Program&) = shell == "bash"   ? bash_script
                                                : shell == "zsh"  ? zsh_script
                                                : shell == "fish" ? fish_script
                                                                  : nullptr;
  if (script == nullptr) {
    std::fputs("usage: wring-completions bash|zsh|fish\n", stderr);
    return EXIT_FAILURE;
  }
  const std::string text = script(describe_program());
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
