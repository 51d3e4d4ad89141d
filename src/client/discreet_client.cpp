// Finds out which engines can keep their keys to themselves, and remembers it.
#include "client/discreet_client.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "client/connection.h"

namespace wring::client {
namespace {

bool hung_up(const Error& error) {
  return error.code == EPIPE || error.code == ECONNRESET;
}

// What engines of others say to a request that they do not know. boringtun says EIO.
bool refused(const Error& error) {
  return error.code == EINVAL || error.code == EPROTO || error.code == EIO ||
         error.code == ENOSYS || error.code == EOPNOTSUPP;
}

// What is left of an answer without its secrets.
void throw_secrets_away(InterfaceState& state) {
  if (!state.device.private_key.is_zero()) {
    state.device.public_key = derive_public_key(state.device.private_key);
    state.device.private_key = PrivateKey();
  }
  for (PeerDescription& peer : state.peers)
    peer.preshared_key = PresharedKey();
}

}  // namespace

bool DiscreetClient::SocketFile::operator==(const SocketFile& other) const {
  return device == other.device && inode == other.inode && changed.tv_sec == other.changed.tv_sec &&
         changed.tv_nsec == other.changed.tv_nsec;
}

DiscreetClient::Engine& DiscreetClient::engine_of(const std::string& interface) {
  std::optional<SocketFile> socket;
  struct stat info {};
  if (::stat((folder_ + "/" + interface + ".sock").c_str(), &info) == 0) {
    socket = SocketFile{info.st_dev, info.st_ino, info.st_ctim};
  }
  Engine& engine = engines_[interface];
  if (!socket || engine.socket != socket) engine = {socket, Kind::kUnknown};
  return engine;
}

Result<InterfaceState> DiscreetClient::ask_once(const std::string& interface, GetDetail detail,
                                                std::chrono::milliseconds patience) const {
  auto connection = Connection::open(interface, folder_, patience);
  if (!connection) return tl::unexpected(connection.error());
  return connection->get(detail);
}

Result<InterfaceState> DiscreetClient::ask(const std::string& interface, GetDetail detail,
                                           std::chrono::milliseconds patience) {
  Engine& engine = engine_of(interface);
  if (engine.kind != Kind::kTellsAll) {
    auto state = ask_once(interface, detail, patience);
    if (!state && hung_up(state.error())) state = ask_once(interface, detail, patience);
    if (state) engine.kind = Kind::kTellsNoSecrets;
    if (state || engine.kind == Kind::kTellsNoSecrets) return state;
    if (!hung_up(state.error()) && !refused(state.error())) return state;
  }
  auto state = ask_once(interface, GetDetail::kAll, patience);
  if (!state) return state;
  engine.kind = Kind::kTellsAll;
  throw_secrets_away(*state);
  if (detail == GetDetail::kDevice) state->peers.clear();
  return state;
}

}  // namespace wring::client
