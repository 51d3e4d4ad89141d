// Compares a configuration with what the engine and the kernel say, and writes files.
#include "run/save.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/unique_fd.h"
#include "run/named_peers.h"

namespace wring::run {
namespace {

// fe80::/10.
bool is_link_local(const IpAddress& address) {
  static const IpPrefix kLinkLocal = *IpPrefix::parse("fe80::/10");
  return kLinkLocal.contains(address);
}

void take_addresses(config::Interface& interface, const std::vector<OwnAddress>& addresses) {
  const auto before = std::exchange(interface.addresses, {});
  for (const OwnAddress& one : addresses) {
    const bool was_there = std::ranges::any_of(
        before, [&](const auto& written) { return written.value.address == one.address; });
    if (is_link_local(one.address) && !was_there) continue;
    interface.addresses.push_back({{one.address, one.length, true}, {}});
  }
}

// The number's text and port, as a file has them.
std::optional<config::HostPort> written(const Endpoint& endpoint) {
  if (!endpoint.is_set()) return std::nullopt;
  const std::string text = to_string(endpoint);
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto port = static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)));
  return config::HostPort{std::move(host), port};
}

config::Peer peer_of(PeerDescription&& state, const config::Peer* before) {
  config::Peer peer;
  peer.public_key.emplace(state.public_key, config::Position{});
  if (!state.preshared_key.is_zero()) {
    peer.preshared_key.emplace(std::move(state.preshared_key), config::Position{});
  }
  for (const IpPrefix& prefix : state.allowed_ips)
    peer.allowed_ips.push_back({prefix, config::AllowedIp::Sign::kNone, {}});
  if (state.persistent_keepalive_s != 0) {
    peer.keepalive_s.emplace(state.persistent_keepalive_s, config::Position{});
  }
  if (before != nullptr) peer.name = before->name;
  const bool is_named =
      before != nullptr && before->endpoint && !address_in(before->endpoint->value);
  if (is_named) {
    peer.endpoint = before->endpoint;
  } else if (auto endpoint = written(state.endpoint)) {
    peer.endpoint.emplace(std::move(*endpoint), config::Position{});
  }
  return peer;
}

// Removes the file unless it was renamed.
struct Temporary {
  std::string path;
  bool is_kept = false;

  explicit Temporary(std::string name) : path(std::move(name)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!is_kept) static_cast<void>(unlink(path.c_str()));
  }
};

Result<void> write_file(const std::string& path, std::string_view text) {
  // One that was left by a process that was killed.
  static_cast<void>(unlink(path.c_str()));
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return system_failure("cannot make " + path, errno);
  while (!text.empty()) {
    const ssize_t put = ::write(file.get(), text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_failure("cannot write " + path, errno);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  if (fsync(file.get()) != 0) return system_failure("cannot write " + path, errno);
  return {};
}

}  // namespace

void take_state(config::TunnelConfig& config, client::InterfaceState&& state,
                const LinkState& link) {
  config::Interface& interface = config.interface;
  interface.private_key.reset();
  if (!state.device.private_key.is_zero()) {
    interface.private_key.emplace(std::move(state.device.private_key), config::Position{});
  }
  interface.listen_port.emplace(state.device.listen_port, config::Position{});
  interface.fwmark.reset();
  if (state.device.fwmark != 0) {
    interface.fwmark.emplace(state.device.fwmark, config::Position{});
  }
  take_addresses(interface, link.addresses);
  if (interface.mtu) interface.mtu->value = link.mtu;

  const auto before = std::exchange(config.peers, {});
  for (PeerDescription& peer : state.peers) {
    const auto known = std::ranges::find_if(
        before, [&](const config::Peer& one) { return one.public_key->value == peer.public_key; });
    config.peers.push_back(peer_of(std::move(peer), known == before.end() ? nullptr : &*known));
  }
}

Result<void> replace_file(const std::string& path, std::string_view text) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) return system_failure("cannot find " + path, error.value());
  Temporary temporary(real.string() + ".tmp");
  if (auto put = write_file(temporary.path, text); !put) return put;
  if (rename(temporary.path.c_str(), real.c_str()) != 0) {
    return system_failure("cannot replace " + path, errno);
  }
  temporary.is_kept = true;
  const UniqueFd folder(::open(real.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  static_cast<void>(fsync(folder.get()));
  return {};
}

}  // namespace wring::run
