// Reads the keys of one section.
#pragma once

#include <string>
#include <vector>

#include "proxyconfig/ini_file.h"
#include "proxyconfig/key_table.h"

namespace wring::proxy {

// A file on its way, and where its values come from.
struct FileContext {
  const IniFile& file;
  const std::string& path;
  config::Diagnostics& diagnostics;
  const Sources& sources;
  ProxyConfig& config;
  bool& holds_secret;  // set where a secret is written in the file itself

  void report(config::Severity severity, config::Position at, std::size_t size,
              config::Complaint complaint) const {
    diagnostics.add(severity, at, size, std::move(complaint));
  }
  void error_at(const IniSection& section, config::Complaint complaint) const {
    report(config::Severity::kError, section.at, section.size, std::move(complaint));
  }
};

// Sets what the section says, reports keys that are unknown, missing or repeated, and returns those
// that it has. `peer` and `draft` are null unless the section is one.
std::vector<const Key*> read_section(const FileContext& context, const IniSection& section,
                                     const SectionName& name, config::Peer* peer, Draft* draft);

}  // namespace wring::proxy
