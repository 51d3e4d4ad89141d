// Writes the script for fish.
#include <fmt/format.h>

#include "completion/shells.h"

namespace wring::completion {
namespace {

constexpr const char* kHead =
    R"sh(# fish completion of wring, made from the definitions of its options

function __wring_interfaces
    for path in /var/run/wireguard/*.sock
        test -S $path; and string replace -r '.*/(.*)\.sock$' '$1' $path
    end
end

)sh";

std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return "'" + out + "'";
}

// The arguments of `complete` that offer what stands for a placeholder.
std::string offer(const std::string& placeholder) {
  const Values values = values_of(placeholder);
  switch (values.kind) {
    case Kind::kInterfaces:
      return " -f -a '(__wring_interfaces)'";
    case Kind::kFiles:
      return " -F";
    case Kind::kUsers:
      return " -f -a '(__fish_complete_users)'";
    case Kind::kPrograms:
      return " -f -a '(__fish_complete_command)'";
    case Kind::kWords:
      return " -f -a " + quoted(joined(values.words));
    case Kind::kNothing:
      break;
  }
  return " -f";
}

std::string lines_of(const Command& command, const std::string& condition) {
  const std::string begin = fmt::format("complete -c wring -n {}", quoted(condition));
  std::string text;
  for (const std::string& place : command.places)
    text += begin + offer(place) + "\n";
  for (const Option& option : command.options) {
    text += begin;
    for (const std::string& name : option.names)
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (!option.value.empty()) text += " -r" + offer(option.value);
    text += " -d " + quoted(option.help) + "\n";
  }
  return text;
}

}  // namespace

std::string fish_script(const Program& program) {
  std::string text = kHead;
  // A command is the first word, and then its own options count.
  const std::string first = "test (count (commandline -opc)) -eq 1";
  const auto is_in = [](const std::string& names) {
    return "contains -- (commandline -opc)[2] " + names;
  };
  text += "complete -c wring -f\n";
  std::vector<std::string> names;
  for (const Command& command : program.commands) {
    text += fmt::format("complete -c wring -n {} -f -a {} -d {}\n", quoted(first), command.name,
                        quoted(command.help));
    names.push_back(command.name);
  }
  for (const Command& command : program.commands)
    text += lines_of(command, is_in(command.name));
  return text + lines_of(program.engine, "not " + is_in(joined(names)));
}

}  // namespace wring::completion
