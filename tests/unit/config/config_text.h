// Configurations for tests, and what was found in them in short.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/lint.h"
#include "config/parser.h"

namespace wring::config::test {

// The examples of wg(8).
inline const std::string kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
inline const std::string kOwnPublic = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=";
inline const std::string kPeer = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
inline const std::string kOtherPeer = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
inline const std::string kPsk = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=";

// An interface with a key, and one peer. PrivateKey is line 2, `interface` begins in line 3.
inline std::string tunnel(const std::string& interface,
                          const std::string& peer = "AllowedIPs = 10.0.0.2/32") {
  return "[Interface]\nPrivateKey = " + kPrivate + "\n" + interface +
         "\n[Peer]\nPublicKey = " + kPeer + "\n" + peer + "\n";
}

// "3:11 bad-mtu" for each.
inline std::vector<std::string> found(const Diagnostics& diagnostics) {
  std::vector<std::string> all;
  for (const Diagnostic& one : diagnostics.all()) {
    all.push_back(std::to_string(one.at.line) + ':' + std::to_string(one.at.column) + ' ' +
                  std::string(one.complaint.code));
  }
  return all;
}

inline std::vector<std::string> parse_errors(const std::string& text,
                                             Dialect dialect = Dialect::kWgQuick) {
  return found(parse(text, "wg0.conf", dialect).diagnostics);
}

inline std::vector<std::string> lint_of(const std::string& text) {
  auto [config, diagnostics] = parse(text, "wg0.conf");
  lint(config, diagnostics);
  return found(diagnostics);
}

}  // namespace wring::config::test
