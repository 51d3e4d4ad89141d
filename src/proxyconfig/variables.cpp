// Fills in variables of the environment.
#include "proxyconfig/variables.h"

#include <algorithm>
#include <utility>

#include "config/words.h"
#include "proxyconfig/wipe.h"

namespace wring::proxy {
namespace {

using config::wrong;

bool is_name(std::string_view name) {
  return !name.empty() && !config::is_digit(name.front()) && std::ranges::all_of(name, [](char c) {
    return config::is_letter(c) || config::is_digit(c) || c == '_';
  });
}

config::Read<std::string> look_up(std::string_view name, const FindVariable& variable) {
  if (!is_name(name)) {
    return wrong("bad-reference", "not a reference to a variable",
                 "write $NAME, with letters, digits and '_' in NAME, or $$ for a '$'");
  }
  if (auto found = variable(name)) return std::move(*found);
  // A secret that begins with a '$' is no name of a variable.
  const std::string shown = config::may_hold_key(name) ? "this variable" : std::string(name);
  return wrong("no-variable", shown + " is not in the environment",
               "set it there, or write the value; $$ at the beginning is a '$'");
}

config::Read<std::string> filled_in(std::string_view value, const FindVariable& variable) {
  std::string text;
  for (std::size_t done = 0;;) {
    const std::size_t begin = value.find("${", done);
    text += value.substr(done, begin == value.npos ? begin : begin - done);
    if (begin == value.npos) return text;
    const std::size_t end = std::min(value.find('}', begin), value.size());
    auto found = look_up(value.substr(begin + 2, end - begin - 2), variable);
    if (!found) return found;
    text += *found;
    wipe(*found);
    done = std::min(end + 1, value.size());
  }
}

}  // namespace

config::Read<std::string> with_variables(std::string_view value, bool anywhere,
                                         const FindVariable& variable) {
  if (value.starts_with("$$")) return std::string(value.substr(1));
  if (anywhere && value.find("${") != value.npos) return filled_in(value, variable);
  if (!value.starts_with('$')) return std::string(value);
  const bool braced = value.starts_with("${") && value.ends_with('}');
  return look_up(braced ? value.substr(2, value.size() - 3) : value.substr(1), variable);
}

}  // namespace wring::proxy
