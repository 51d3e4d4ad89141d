// Writes the script for bash. It needs no library of completions.
#include <fmt/format.h>

#include <set>

#include "completion/shells.h"

namespace wring::completion {
namespace {

constexpr const char* kHead =
    R"sh(# bash completion of wring, made from the definitions of its options

_wring_interfaces() {
  local path
  for path in /var/run/wireguard/*.sock; do
    [ -S "$path" ] || continue
    path=${path##*/}
    printf '%s\n' "${path%.sock}"
  done
}

# The words that may stand for a placeholder.
_wring_values() {
  case $1 in
    INTERFACE) _wring_interfaces ;;
)sh";

// `takes` has a word OPTION=PLACEHOLDER for each option with a value, `places` the placeholders of
// the words in order.
constexpr const char* kMiddle = R"sh(  esac
}

_wring() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local command='' options takes places repeats='' first=2 kind='' pair word
  COMPREPLY=()
  [ "$COMP_CWORD" -gt 1 ] && command=${COMP_WORDS[1]}
  case $command in
)sh";

constexpr const char* kTail = R"sh(  esac
  for pair in $takes; do
    [ "${pair%%=*}" = "$before" ] && kind=${pair#*=}
  done
  if [ -z "$kind" ]; then
    if [[ $current == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
      return
    fi
    local place=0 skip=''
    for word in "${COMP_WORDS[@]:first:COMP_CWORD-first}"; do
      if [ -n "$skip" ]; then
        skip=''
      elif [[ $word == -* ]]; then
        [[ " $takes" == *" $word="* ]] && skip=1
      else
        place=$((place + 1))
      fi
    done
    [ "$place" -ge "${#places[@]}" ] && [ -n "$repeats" ] && place=$((${#places[@]} - 1))
    kind=${places[place]}
  fi
  case $kind in
    FILE|CONFIG)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    NAME) mapfile -t COMPREPLY < <(compgen -u -- "$current") ;;
    COMMAND) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(_wring_values "$kind")" -- "$current") ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$commands" -- "$current")
  fi
}

complete -F _wring wring
)sh";

std::string branch(const std::string& pattern, const Command& command, int first) {
  std::vector<std::string> options;
  std::vector<std::string> takes;
  for (const Option& option : command.options) {
    for (const std::string& name : option.names) {
      options.push_back(name);
      if (!option.value.empty()) takes.push_back(name + "=" + option.value);
    }
  }
  return fmt::format(
      "    {})\n      options='{}'\n      takes='{}'\n      places=({}) repeats={} first={} ;;\n",
      pattern, joined(options), joined(takes), joined(command.places),
      command.last_place_repeats ? "1" : "''", first);
}

// One line for each placeholder that has a list.
std::string lists(const Program& program) {
  std::set<std::string> placeholders;
  const auto add = [&](const Command& command) {
    placeholders.insert(command.places.begin(), command.places.end());
    for (const Option& option : command.options)
      placeholders.insert(option.value);
  };
  add(program.engine);
  for (const Command& command : program.commands)
    add(command);
  std::string text;
  for (const std::string& placeholder : placeholders) {
    const Values values = values_of(placeholder);
    if (values.kind != Kind::kWords) continue;
    text += fmt::format("    {}) echo '{}' ;;\n", placeholder, joined(values.words));
  }
  return text;
}

}  // namespace

std::string bash_script(const Program& program) {
  std::string text = kHead + lists(program) + kMiddle;
  std::vector<std::string> names;
  for (const Command& command : program.commands) {
    text += branch(command.name, command, 2);
    names.push_back(command.name);
  }
  text += branch("*", program.engine, 1) + kTail;
  const std::string local = "local command='' ";
  return text.replace(text.find(local), local.size(),
                      fmt::format("local commands='{}' {}", joined(names), local.substr(6)));
}

}  // namespace wring::completion
