// Finds `${NAME}` in values and fills it in, and reads keys from files.
#include "config/references.h"

#include <sodium.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "config/key_table.h"
#include "config/values.h"
#include "config/words.h"

namespace wring::config {
namespace {

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

struct Reference {
  std::size_t begin = 0;
  std::size_t size = 0;  // with "${" and "}"
  std::string_view name;
};

// The first one at or after `from`. The name is empty if it is malformed.
std::optional<Reference> find_reference(std::string_view text, std::size_t from = 0) {
  const std::size_t begin = text.find("${", from);
  if (begin == text.npos) return std::nullopt;
  const std::size_t end = text.find('}', begin);
  if (end == text.npos) return Reference{begin, text.size() - begin, {}};
  const std::string_view name = text.substr(begin + 2, end - begin - 2);
  return Reference{begin, end + 1 - begin, is_variable_name(name) ? name : std::string_view()};
}

Position place_of(const Unresolved& value, const Reference& reference) {
  return {value.at.line, value.at.column + static_cast<std::uint32_t>(reference.begin)};
}

class Resolver {
 public:
  Resolver(TunnelConfig& config, const Sources& sources, Diagnostics& diagnostics, Severity missing)
      : config_(config), sources_(sources), diagnostics_(diagnostics), missing_(missing) {}

  // False if a variable is missing.
  bool fill_in(const Unresolved& value);
  template <typename Key>
  void read_key_file(const std::optional<Located<std::string>>& file,
                     Read<Key> (*read)(std::string_view), std::optional<Located<Key>>& key);

 private:
  [[nodiscard]] std::optional<std::string> filled(const Unresolved& value);
  [[nodiscard]] std::optional<std::string> path_of(const Located<std::string>& written);

  TunnelConfig& config_;
  const Sources& sources_;
  Diagnostics& diagnostics_;
  Severity missing_;
};

// The text with its references filled in. Nothing if one of them is not known.
std::optional<std::string> Resolver::filled(const Unresolved& value) {
  std::string text;
  std::size_t done = 0;
  while (const auto reference = find_reference(value.text, done)) {
    // One that is malformed was reported by the parser.
    auto found = reference->name.empty() ? std::nullopt : sources_.variable(reference->name);
    if (!found) {
      const std::string name(reference->name);
      if (!name.empty()) {
        diagnostics_.add(missing_, place_of(value, *reference), reference->size,
                         {"no-variable", "the environment has no " + name,
                          "set " + name + ", or write the value"});
      }
      wipe(text);
      return std::nullopt;
    }
    text.append(value.text, done, reference->begin - done);
    text += *found;
    wipe(*found);
    done = reference->begin + reference->size;
  }
  text.append(value.text, done);
  return text;
}

bool Resolver::fill_in(const Unresolved& value) {
  auto text = filled(value);
  if (!text) return false;
  const Key* const key = find_key(value.peer ? Section::kPeer : Section::kInterface, value.key);
  assert(key != nullptr);
  const std::string_view plain = trimmed(*text);
  if (plain.empty() || plain.find('\n') != plain.npos) {
    const std::string what = plain.empty() ? "is empty" : "has more than one line";
    diagnostics_.add(Severity::kError, value.at, value.text.size(),
                     {"bad-variable", "the value " + what + " once the variables are filled in",
                      "correct the variable in the environment"});
  } else {
    Peer* const peer = value.peer ? &config_.peers[*value.peer] : nullptr;
    key->set({config_.interface, peer, diagnostics_}, {plain, value.at});
  }
  wipe(*text);
  return true;
}

// `%d` is the folder of credentials that systemd made for this service.
std::optional<std::string> Resolver::path_of(const Located<std::string>& written) {
  if (!written.value.starts_with("%d")) return written.value;
  if (const auto folder = sources_.variable("CREDENTIALS_DIRECTORY")) {
    return *folder + written.value.substr(2);
  }
  diagnostics_.add(missing_, written.at, written.value.size(),
                   {"no-credentials", "systemd gave no credentials, so %d is no folder",
                    "write LoadCredential= in the unit, or write the path of a file here"});
  return std::nullopt;
}

template <typename Key>
void Resolver::read_key_file(const std::optional<Located<std::string>>& file,
                             Read<Key> (*read)(std::string_view),
                             std::optional<Located<Key>>& key) {
  if (!file) return;
  const auto path = path_of(*file);
  if (!path) return;
  auto text = sources_.file(*path);
  if (!text) {
    // A key that was written in the place of a path is not repeated.
    diagnostics_.add(
        missing_, file->at, file->value.size(),
        {"no-key-file", may_hold_key(*path) ? "this file cannot be read" : text.error().message,
         "write the path of a readable file with a key in it"});
    return;
  }
  auto parsed = read(trimmed(*text));
  wipe(*text);
  if (!parsed) {
    diagnostics_.add(Severity::kError, file->at, file->value.size(),
                     {"bad-key", "in " + *path + ": " + parsed.error().what, parsed.error().cure});
    return;
  }
  key.emplace(std::move(*parsed), file->at);
}

}  // namespace

bool has_reference(std::string_view text) {
  return text.find("${") != text.npos;
}

void check_references(const Unresolved& value, Diagnostics& diagnostics) {
  std::size_t done = 0;
  while (const auto reference = find_reference(value.text, done)) {
    done = reference->begin + reference->size;
    if (!reference->name.empty()) continue;
    diagnostics.add(Severity::kError, place_of(value, *reference), reference->size,
                    {"bad-reference", "not a reference to a variable",
                     "write ${NAME}, with letters, digits and '_' in NAME"});
  }
}

void resolve(TunnelConfig& config, const Sources& sources, Diagnostics& diagnostics,
             Severity missing) {
  Resolver resolver(config, sources, diagnostics, missing);
  for (Unresolved& value : std::exchange(config.unresolved, {})) {
    config.has_variables = true;
    if (!resolver.fill_in(value)) config.unresolved.push_back(std::move(value));
  }
  resolver.read_key_file(config.interface.private_key_file, read_private_key,
                         config.interface.private_key);
  for (Peer& peer : config.peers) {
    resolver.read_key_file(peer.preshared_key_file, read_preshared_key, peer.preshared_key);
  }
}

}  // namespace wring::config
