// Reads a configuration of wireproxy, and finds all mistakes in it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "proxyconfig/proxy_config.h"
#include "proxyconfig/sources.h"
#include "proxyconfig/wipe.h"

namespace wring::proxy {

// A file with what was found in it. The text may hold keys, so it is overwritten at the end.
struct SourceFile {
  std::string text;
  std::string path;
  config::Diagnostics diagnostics;
  bool holds_secret = false;  // a secret key or a password is written in it

  SourceFile(std::string all, std::string place, std::string shown)
      : text(std::move(all)), path(std::move(place)), diagnostics(std::move(shown)) {}
  SourceFile(SourceFile&&) = default;
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;
  SourceFile& operator=(SourceFile&&) = delete;
  ~SourceFile() { wipe(text); }
};

struct Reading {
  ProxyConfig config;  // to be used only if there are no errors
  // The configuration, and behind it the file that its WGConfig names.
  std::vector<SourceFile> files;

  [[nodiscard]] bool has_errors() const;
};

// `path` names the configuration in messages, and is where relative paths count from: that of
// WGConfig if it is a bare name, and those of keys and credentials. Others count from the working
// directory, as with wireproxy.
[[nodiscard]] Reading read_config(std::string text, const std::string& path,
                                  const Sources& sources);

// The messages, each with its line, but none of what is secret in it. `notes`: those, too.
[[nodiscard]] std::string messages_of(const Reading& reading, bool notes);

}  // namespace wring::proxy
