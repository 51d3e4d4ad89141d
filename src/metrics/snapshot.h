// What all engines said at one moment, as a page is written of it. It holds no secret.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/discreet_client.h"
#include "client/interface_state.h"
#include "control/uapi_format.h"
#include "metrics/options.h"
#include "metrics/peer_names.h"

namespace wring::metrics {

// A peer, as far as its series need it.
struct PeerRow {
  std::string labels;                 // MindFlavor's: interface, public_key, allowed_ips, ...
  std::string endpoint;               // empty: not known
  std::string name;                   // empty: none
  std::vector<IpPrefix> allowed_ips;  // of mdlayher's style alone
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::optional<std::int64_t> handshake_s;  // seconds since 1970
};

struct InterfaceRow {
  std::string name;
  bool answers = false;
  std::string problem;       // why it does not
  double took_s = 0;         // to ask it
  DeviceDescription device;  // without secrets
  std::uint64_t peers = 0;
  std::uint64_t connected = 0;  // a handshake within the last three minutes
  std::uint64_t active = 0;     // within the last hour
  std::uint64_t never = 0;      // none yet
  std::vector<PeerRow> rows;    // of the peers that are to have series
};

struct Snapshot {
  WallTime at;
  std::vector<InterfaceRow> interfaces;
  std::string problem;  // why the interfaces cannot be listed
};

// Takes the counts and rows of one interface. `name_of` says what a peer is called; empty: nothing.
[[nodiscard]] InterfaceRow row_of(client::InterfaceState&& state, const Options& options,
                                  WallTime now,
                                  const std::function<std::string_view(const PublicKey&)>& name_of);

// Asks the engines. One thread.
class Looker {
 public:
  explicit Looker(const Options& options);

  // All that a page needs.
  [[nodiscard]] Snapshot look();
  // Whether they answer, without their peers.
  [[nodiscard]] Snapshot look_briefly();

 private:
  [[nodiscard]] Snapshot look(GetDetail detail);
  [[nodiscard]] InterfaceRow ask(const std::string& interface, GetDetail detail, WallTime now,
                                 TimePoint due);

  const Options& options_;
  SystemClock clock_;
  client::DiscreetClient client_;
  std::vector<NameFile> files_;
  std::map<std::string, NameFile> by_interface_;
};

}  // namespace wring::metrics
