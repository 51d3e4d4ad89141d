// Writes the script for zsh.
#include <fmt/format.h>

#include "completion/shells.h"

namespace wring::completion {
namespace {

constexpr const char* kHead = R"sh(#compdef wring
# zsh completion of wring, made from the definitions of its options

_wring_interfaces() {
  local -a names
  names=(/var/run/wireguard/*.sock(N=:t:r))
  compadd -a names
}

_wring() {
  local -a commands
  commands=(
)sh";

constexpr const char* kMiddle = R"sh(  )
  if (( CURRENT > 2 )); then
    case ${words[2]} in
)sh";

constexpr const char* kTail = R"sh(}

_wring "$@"
)sh";

// Text between single quotes of the shell, where `special` also means something to zsh.
std::string quoted(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != special.npos) out += '\\';
    out += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return out;
}

// What completes a placeholder: ":FILE:_files".
std::string action(const std::string& placeholder) {
  const Values values = values_of(placeholder);
  switch (values.kind) {
    case Kind::kInterfaces:
      return fmt::format(":{}:_wring_interfaces", placeholder);
    case Kind::kFiles:
      return fmt::format(":{}:_files", placeholder);
    case Kind::kUsers:
      return fmt::format(":{}:_users", placeholder);
    case Kind::kPrograms:
      return fmt::format(":{}:_command_names", placeholder);
    case Kind::kWords:
      return fmt::format(":{}:({})", placeholder, joined(values.words));
    case Kind::kNothing:
      break;
  }
  return fmt::format(":{}: ", placeholder);
}

// The arguments of _arguments, a line each.
std::string arguments(const Command& command, std::string_view indent) {
  std::string text;
  const auto add = [&](const std::string& line) {
    text += fmt::format(" \\\n{}'{}'", indent, line);
  };
  for (const Option& option : command.options) {
    for (const std::string& name : option.names) {
      add(fmt::format("{}[{}]{}", name, quoted(option.help, "[]:\\"),
                      option.value.empty() ? "" : action(option.value)));
    }
  }
  for (std::size_t i = 0; i < command.places.size(); ++i) {
    const bool repeats = command.last_place_repeats && i + 1 == command.places.size();
    add((repeats ? "*" : std::to_string(i + 1)) + action(command.places[i]));
  }
  return text + "\n";
}

}  // namespace

std::string zsh_script(const Program& program) {
  std::string text = kHead;
  for (const Command& command : program.commands)
    text += fmt::format("    '{}:{}'\n", command.name, quoted(command.help, ":\\"));
  text += kMiddle;
  for (const Command& command : program.commands) {
    text += fmt::format(
        "      {})\n        shift words\n        (( CURRENT-- ))\n        _arguments{}"
        "        return ;;\n",
        command.name, arguments(command, "          "));
  }
  text += "    esac\n  else\n    _describe command commands\n  fi\n  _arguments";
  return text + arguments(program.engine, "    ") + kTail;
}

}  // namespace wring::completion
