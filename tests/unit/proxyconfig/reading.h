// Configurations for tests, read without a disk.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxyconfig/reader.h"

namespace wring::proxy::test {

inline const std::string kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
inline const std::string kPeer = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
inline const std::string kPsk = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=";

// Six lines, with a key, an address and one peer.
inline const std::string kTunnel = "[Interface]\nPrivateKey = " + kPrivate +
                                   "\nAddress = 10.0.0.2/32\n[Peer]\nPublicKey = " + kPeer +
                                   "\nEndpoint = 192.0.2.1:51820\n";

// What there is outside the text.
struct Outside {
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;

  [[nodiscard]] Sources sources() const {
    Sources all;
    all.variable = [this](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(std::string(name));
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    all.service = [](std::string_view name) {
      return name == "http" ? std::optional<std::uint16_t>(80) : std::nullopt;
    };
    all.file = [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found != files.end()) return found->second;
      return failure("cannot open " + path + ": No such file or directory");
    };
    all.readable = [this](const std::string& path) -> Result<void> {
      if (files.contains(path)) return {};
      return failure("cannot read " + path + ": No such file or directory");
    };
    return all;
  }
};

inline Reading read(const std::string& text, const Outside& outside = {},
                    const std::string& path = "proxy.conf") {
  return read_config(text, path, outside.sources());
}

// "3:11 bad-mtu" for each message of the main file.
inline std::vector<std::string> found(const Reading& reading) {
  std::vector<std::string> all;
  for (const config::Diagnostic& one : reading.files.front().diagnostics.all()) {
    all.push_back(std::to_string(one.at.line) + ':' + std::to_string(one.at.column) + ' ' +
                  std::string(one.complaint.code));
  }
  return all;
}
inline std::vector<std::string> found(const std::string& text, const Outside& outside = {}) {
  return found(read(text, outside));
}

}  // namespace wring::proxy::test
