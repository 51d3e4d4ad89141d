// Knows the three forms in which a comment names a peer.
#include "config/friendly_name.h"

#include <algorithm>

#include "config/words.h"

namespace wring::config {
namespace {

// Nothing in a name may move the cursor of a terminal that shows it. A name of UTF-8 stays as it
// is, and is not cut inside a character.
std::optional<std::string> clean(std::string_view text) {
  text = trimmed(text);
  if (text.size() > kMaxFriendlyName) {
    std::size_t end = kMaxFriendlyName;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
      --end;
    }
    text = trimmed(text.substr(0, end));
  }
  if (text.empty()) return std::nullopt;
  std::string name(text);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, '?');
  return name;
}

std::optional<std::string_view> after(std::string_view text, std::string_view start) {
  if (!equal_but_for_case(text.substr(0, start.size()), start)) return std::nullopt;
  return trimmed(text.substr(start.size()));
}

}  // namespace

std::optional<std::string> name_within(std::string_view comment) {
  const auto rest = after(comment, "friendly_name");
  if (!rest || !rest->starts_with('=')) return std::nullopt;
  return clean(rest->substr(1));
}

std::optional<std::string> name_above(std::string_view comment) {
  if (const auto client = after(comment, "Client:")) {
    const std::size_t id = client->ends_with(')') ? client->rfind('(') : client->npos;
    return clean(client->substr(0, id));
  }
  while (comment.starts_with('#')) {
    comment.remove_prefix(1);
  }
  while (comment.ends_with('#')) {
    comment.remove_suffix(1);
  }
  const auto begun = after(trimmed(comment), "begin ");
  return begun ? clean(*begun) : std::nullopt;
}

}  // namespace wring::config
