// Goes through the sections of the configuration and of the file that WGConfig names.
#include "proxyconfig/reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/lint.h"
#include "config/references.h"
#include "config/words.h"
#include "proxyconfig/excerpt.h"
#include "proxyconfig/ini_file.h"
#include "proxyconfig/listeners.h"
#include "proxyconfig/section_reader.h"

namespace wring::proxy {
namespace {

using config::Severity;

constexpr std::string_view kWgConfig = "wgconfig";
constexpr std::uint32_t kDefaultMtu = 1420;  // wireproxy's

bool has_key(const std::vector<const Key*>& seen, std::string_view name) {
  return std::ranges::any_of(seen, [&](const Key* key) { return key->name == name; });
}

void read_peer(const FileContext& context, const IniSection& section, const SectionName& name) {
  config::Peer& peer = context.config.tunnel.peers.emplace_back();
  peer.at = section.at;
  const auto seen = read_section(context, section, name, &peer, nullptr);
  if (!has_key(seen, "PublicKey")) {
    context.error_at(section, {"no-public-key", "this peer has no PublicKey",
                               "write PublicKey = and the key that `wring pubkey` prints on the "
                               "peer"});
  }
  if (has_key(seen, "PresharedKey") && has_key(seen, "PresharedKeyFile")) {
    context.error_at(
        section, {"two-keys", "both PresharedKey and PresharedKeyFile", "keep one of the lines"});
  }
  if (!peer.allowed_ips.empty()) return;
  peer.allowed_ips.push_back({IpPrefix(IpAddress::v4({}), 0), {}, section.at});
  peer.allowed_ips.push_back({IpPrefix(IpAddress::v6({}), 0), {}, section.at});
}

void read_interface(const FileContext& context, const IniSection& section,
                    const SectionName& name) {
  config::Interface& interface = context.config.tunnel.interface;
  interface.at = section.at;
  const auto seen = read_section(context, section, name, nullptr, nullptr);
  if (!has_key(seen, "PrivateKey") && !has_key(seen, "PrivateKeyFile")) {
    context.error_at(section, {"no-private-key", "the interface has no PrivateKey",
                               "write PrivateKey = and what `wring genkey` prints"});
  }
  if (has_key(seen, "PrivateKey") && has_key(seen, "PrivateKeyFile")) {
    context.error_at(section,
                     {"two-keys", "both PrivateKey and PrivateKeyFile", "keep one of the lines"});
  }
  if (has_key(seen, "CheckAliveInterval") && context.config.check_alive.empty()) {
    context.error_at(section, {"no-check-alive", "CheckAliveInterval without CheckAlive",
                               "write CheckAlive = and addresses to ping, or remove the line"});
  }
  if (!interface.mtu) interface.mtu.emplace(kDefaultMtu, section.at);
}

// Keys that are in files of their own.
void read_key_files(const FileContext& context) {
  config::Sources sources;
  sources.variable = context.sources.variable;
  sources.file = [&context](const std::string& path) -> Result<std::string> {
    return context.sources.file(*path_beside(path, context.path, context.sources.variable));
  };
  config::resolve(context.config.tunnel, sources, context.diagnostics);
}

// [Interface] and [Peer].
void read_tunnel(const FileContext& context) {
  const IniSection* interface = nullptr;
  bool reported = context.file.is_cut_off;
  for (const IniSection& section : context.file.sections) {
    reported = reported || section.is_reported;
    const SectionName* const name = find_section(section.name);
    if (name == nullptr) continue;
    if (name->bit == kPeer) read_peer(context, section, *name);
    if (name->bit != kInterface) continue;
    if (interface != nullptr) {
      context.error_at(section, {"second-interface", "a second [Interface]",
                                 "write all keys of the interface below one [Interface]"});
    } else {
      read_interface(context, section, *name);
    }
    interface = &section;
  }
  if (interface == nullptr && !reported) {
    context.report(Severity::kError, {}, 1,
                   {"no-interface", "there is no [Interface]",
                    "write [Interface] and below it PrivateKey and Address, or WGConfig = FILE at "
                    "the top"});
  }
  if (context.config.tunnel.peers.empty() && !reported) {
    context.report(
        Severity::kError, {}, 1,
        {"no-peer", "there is no [Peer]", "write [Peer] and below it PublicKey and Endpoint"});
  }
  read_key_files(context);
  if (!context.diagnostics.has_errors())
    config::lint_keys(context.config.tunnel, context.diagnostics);
}

void read_resolving(const FileContext& context, const IniSection& section,
                    const SectionName& name) {
  const auto seen = read_section(context, section, name, nullptr, nullptr);
  const bool asks_tunnel = context.config.resolving.by == Resolving::By::kTunnel;
  if (has_key(seen, "ResolveBy") && asks_tunnel &&
      context.config.tunnel.interface.dns_servers.empty()) {
    context.error_at(section, {"no-dns", "ResolveBy = tunnel, and [Interface] has no DNS",
                               "write DNS = and the address of a server in the tunnel"});
  }
}

// Sections that wireproxy passes over.
void report_ignored(const FileContext& context, bool tunnel_elsewhere, bool listeners_elsewhere) {
  for (const IniSection& section : context.file.sections) {
    const SectionName* const name = find_section(section.name);
    if (section.is_reported || (name == nullptr && section.name == "default")) continue;
    std::string what;
    std::string cure = "remove the section";
    const bool of_tunnel = name != nullptr && (name->bit & (kInterface | kPeer)) != 0;
    if (name == nullptr) {
      what = "not a section of a proxy, so nothing below it counts";
      const std::string meant = similar_section(section.name);
      if (!meant.empty()) cure = "write " + meant + " alone on its line";
    } else if (of_tunnel && tunnel_elsewhere) {
      what = "WGConfig says that the tunnel is in another file, so nothing below this counts";
      cure = "remove the section, or WGConfig";
    } else if (!of_tunnel && listeners_elsewhere) {
      what = "this file is for the tunnel only, so nothing below this counts";
      cure = "write the section into the file that has WGConfig";
    } else {
      continue;
    }
    context.report(Severity::kWarning, section.at, section.size,
                   {"ignored-section", std::move(what), std::move(cure)});
  }
}

// Before the first section there may be WGConfig, and nothing else.
void report_stray_keys(const FileContext& context, bool main) {
  for (const IniEntry& entry : context.file.sections.front().entries) {
    if (main && entry.name == kWgConfig) continue;
    context.report(Severity::kWarning, entry.name_at, entry.name_size,
                   {"no-section", "a key before the first section does nothing",
                    "move the line below its section"});
  }
}

// Of the file that WGConfig names: a bare name counts from the folder of the configuration, all
// else from the working directory.
std::string path_of_tunnel(const std::string& written, const std::string& path) {
  const bool bare = written.find('/') == written.npos;
  return bare ? *path_beside(written, path, [](std::string_view) { return std::nullopt; })
              : written;
}

// Appends the file to the reading. False if it cannot be read.
bool add_tunnel_file(const FileContext& context, const IniEntry& entry, Reading& reading) {
  const auto written = interpolated(context.file, context.file.sections.front(), entry);
  const std::string path = path_of_tunnel(written.value_or(""), context.path);
  auto text =
      written && !written->empty() ? context.sources.file(path) : failure("WGConfig names no file");
  if (!text) {
    context.report(
        Severity::kError, entry.value_at, entry.value_size,
        unreadable(path, text.error(), "write the path of a file with [Interface] and [Peer]"));
    return false;
  }
  reading.files.emplace_back(std::move(*text), path, shown_path(path));
  return true;
}

void read_listeners(const FileContext& context) {
  bool resolved = false;
  Drafts drafts(context);
  for (const IniSection& section : context.file.sections) {
    const SectionName* const name = find_section(section.name);
    if (name == nullptr) continue;
    if (name->listener) drafts.add(section, *name);
    if (name->bit == kResolve && !std::exchange(resolved, true)) {
      read_resolving(context, section, *name);
    }
  }
  drafts.finish();
}

}  // namespace

bool Reading::has_errors() const {
  return std::ranges::any_of(files,
                             [](const SourceFile& file) { return file.diagnostics.has_errors(); });
}

Reading read_config(std::string text, const std::string& path, const Sources& sources) {
  Reading reading;
  reading.files.reserve(2);  // what refers to the first stays right
  SourceFile& main = reading.files.emplace_back(std::move(text), path, path);
  const IniFile file = parse_ini(main.text, main.diagnostics);
  const FileContext context{file,    path,           main.diagnostics,
                            sources, reading.config, main.holds_secret};

  const IniEntry* const elsewhere = file.sections.front().find(kWgConfig);
  if (elsewhere == nullptr) {
    read_tunnel(context);
  } else if (add_tunnel_file(context, *elsewhere, reading)) {
    SourceFile& other = reading.files.back();
    const IniFile tunnel = parse_ini(other.text, other.diagnostics);
    const FileContext there{tunnel,  other.path,     other.diagnostics,
                            sources, reading.config, other.holds_secret};
    read_tunnel(there);
    report_stray_keys(there, false);
    report_ignored(there, false, true);
  }
  if (reading.config.tunnel.interface.dns_servers.empty()) {
    reading.config.resolving.by = Resolving::By::kSystem;
  }
  read_listeners(context);
  report_stray_keys(context, true);
  report_ignored(context, elsewhere != nullptr, false);
  return reading;
}

std::string messages_of(const Reading& reading, bool notes) {
  std::string all;
  for (const SourceFile& file : reading.files) {
    for (const config::Diagnostic& one : file.diagnostics.all()) {
      if (one.severity == Severity::kNote && !notes) continue;
      all += to_string(one, file.diagnostics.file()) + '\n' + proxy::excerpt(file.text, one);
    }
  }
  return all;
}

}  // namespace wring::proxy
