// Refuses listeners that could not start, or would let in those that they should not.
#include "proxyconfig/listeners.h"

#include <algorithm>
#include <string>
#include <utility>

namespace wring::proxy {
namespace {

constexpr std::size_t kMaxSocks5Field = 255;  // RFC 1929, section 2

// The address that both would listen at; empty: there is none.
std::string shared_place(const Listener& a, const Listener& b) {
  using Kind = Listener::Kind;
  const auto is_server = [](Kind kind) {
    return kind == Kind::kTcpServer || kind == Kind::kUdpServer;
  };
  if (a.kind == Kind::kGateway || b.kind == Kind::kGateway) {
    return a.kind == b.kind ? "what goes beyond the tunnel" : "";
  }
  if (is_server(a.kind) || is_server(b.kind)) {
    const bool same = a.kind == b.kind && a.listen_port == b.listen_port && a.listen_port != 0;
    return same ? "port " + std::to_string(a.listen_port) + " of the tunnel" : "";
  }
  if (a.kind == Kind::kStdio || b.kind == Kind::kStdio) {
    return a.kind == b.kind ? "stdin and stdout" : "";
  }
  const bool same_protocol = (a.kind == Kind::kUdpClient) == (b.kind == Kind::kUdpClient);
  const bool any_port = a.bind.kind == BindAddress::Kind::kInternet && a.bind.port == 0;
  const bool same = same_protocol && !any_port && a.bind.kind == b.bind.kind &&
                    a.bind.host == b.bind.host && a.bind.port == b.bind.port &&
                    a.bind.path == b.bind.path && a.bind.name == b.bind.name;
  return same ? config::quote(a.bind.text) : "";
}

}  // namespace

void Drafts::check_credentials(const IniSection& section, Draft& draft) const {
  const std::string username = draft.username.value_or("");
  const std::string password = draft.password.value_or("");
  if (username.empty() && password.empty()) return;
  if (draft.listener.kind == Listener::Kind::kSocks5) {
    if (username.empty()) {
      context_.error_at(section, {"no-username", "Password without Username asks nobody",
                                  "write Username, or remove Password"});
    }
    if (std::max(username.size(), password.size()) > kMaxSocks5Field) {
      context_.error_at(section,
                        {"too-long", "SOCKS5 carries at most 255 bytes of a name or password",
                         "write a shorter one"});
    }
  }
  draft.listener.credentials.push_back({username, password});
}

void Drafts::check_files(const IniSection& section, const Draft& draft) const {
  const bool certificate = !draft.listener.certificate_file.empty();
  if (certificate == !draft.listener.key_file.empty()) return;
  context_.error_at(
      section, {"one-file", certificate ? "CertFile without KeyFile" : "KeyFile without CertFile",
                "write both for TLS, or remove it"});
}

void Drafts::check_socket_mode(const IniSection& section, Draft& draft) const {
  if (!draft.socket_mode) return;
  BindAddress& bind = draft.listener.bind;
  if (bind.kind == BindAddress::Kind::kUnix) {
    bind.mode = *draft.socket_mode;
  } else {
    context_.error_at(section, {"no-socket", "SocketMode, and BindAddress is no UNIX socket",
                                "write BindAddress = unix:/PATH, or remove SocketMode"});
  }
}

// Its clients have no address.
void Drafts::check_allowed(const IniSection& section, const Draft& draft) const {
  const Listener& listener = draft.listener;
  if (listener.allowed.empty() || listener.bind.kind != BindAddress::Kind::kUnix) return;
  context_.error_at(section, {"no-addresses", "AllowFrom, and BindAddress is a UNIX socket",
                              "remove AllowFrom; SocketMode says who may connect"});
}

void Drafts::add(const IniSection& section, const SectionName& name) {
  Draft draft;
  draft.listener.kind = *name.listener;
  draft.listener.at = section.at;
  read_section(context_, section, name, nullptr, &draft);
  check_credentials(section, draft);
  check_files(section, draft);
  check_socket_mode(section, draft);
  check_allowed(section, draft);
  context_.config.listeners.push_back(std::move(draft.listener));
}

void Drafts::finish() const {
  const auto& all = context_.config.listeners;
  for (auto one = all.begin(); one != all.end(); ++one) {
    const auto before = std::find_if(all.begin(), one, [&](const Listener& earlier) {
      return !shared_place(earlier, *one).empty();
    });
    if (before == one) continue;
    const std::string_view header = section_of(one->kind);
    context_.report(config::Severity::kError, one->at, header.size() + 2,
                    {"bound-twice",
                     "the listener in line " + std::to_string(before->at.line) + " has " +
                         shared_place(*before, *one) + ", too",
                     "write another, or remove one of the sections"});
  }
}

}  // namespace wring::proxy
