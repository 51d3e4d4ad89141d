// Everything that the control socket can set on a device and ask of it. Nothing here knows how a
// request or an answer is written down. `Configuration` implements it. Everything here runs on the
// control thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/drop_reason.h"
#include "crypto/keys.h"
#include "device/engine_counts.h"
#include "device/engine_description.h"
#include "ip/endpoint.h"
#include "ip/ip_address.h"

namespace wring {

struct AllowedIpChange {
  IpPrefix prefix;
  // False: the prefix moves to this peer, from whichever peer had it. True: it is taken from this
  // peer, and nothing happens if another peer has it.
  bool remove = false;
};

// What one request asks of one peer. Unset members leave what the peer has (P39).
struct PeerChange {
  PublicKey public_key;
  // The peer is removed, if it is there. The rest of the change is ignored.
  bool remove = false;
  // A peer that does not exist is not made, and the change is ignored.
  bool update_only = false;
  // The allowed prefixes are emptied before `allowed_ips` is applied.
  bool replace_allowed_ips = false;
  std::optional<PresharedKey> preshared_key;            // all zeros: none
  std::optional<Endpoint> endpoint;                     // always set (is_set()) where present
  std::optional<std::uint16_t> persistent_keepalive_s;  // 0: off
  std::vector<AllowedIpChange> allowed_ips;             // in order
};

// One whole request, well-formed.
struct ConfigChange {
  std::optional<std::uint32_t> fwmark;       // 0: none
  std::optional<std::uint16_t> listen_port;  // 0: the kernel chooses
  bool replace_peers = false;                // all peers go before `peers` is applied
  std::optional<PrivateKey> private_key;     // all zeros: none
  std::vector<PeerChange> peers;             // in order; a key may come more than once
};

struct DeviceDescription {
  PrivateKey private_key;  // all zeros: none
  // All zeros: none. Only where the private key is not told, because it could be made of that.
  PublicKey public_key{};
  std::uint16_t listen_port = 0;
  std::uint32_t fwmark = 0;
  DropCounts dropped{};
  EngineDescription engine;
  std::optional<EngineCounts> counts;  // none: the engine does not count
};

struct PeerDescription {
  PublicKey public_key;
  PresharedKey preshared_key;  // all zeros: none
  Endpoint endpoint;           // as last learned (P28, P40); may be not set
  std::optional<WallTime> last_handshake;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint16_t persistent_keepalive_s = 0;
  std::vector<IpPrefix> allowed_ips;
};

// A place in the enumeration of peers. Zero is the start. Only the device knows what other numbers
// mean. Peers come and go during an enumeration, so a number that only grows (such as the serial
// number of the next peer) works where a position in a table would not.
struct PeerCursor {
  std::uint64_t value = 0;
};

class Configurable {
 public:
  Configurable() = default;
  Configurable(const Configurable&) = delete;
  Configurable& operator=(const Configurable&) = delete;
  virtual ~Configurable() = default;

  // Applies a change in the order that the kernel's module has: fwmark, listen port, replace_peers,
  // private key, then each peer. Stops at the first step that fails; what came before it stays, as
  // with a kernel interface (P37). Returns 0 or a positive errno: EADDRINUSE for a taken port.
  [[nodiscard]] virtual int configure(ConfigChange&& change) = 0;

  [[nodiscard]] virtual DeviceDescription describe_device() const = 0;

  // Appends up to `max` peers from the cursor on to `out` and moves the cursor past them. Returns
  // false when there are no more (the last call may still have appended some). A peer that stays
  // throughout an enumeration is described exactly once; one that comes or goes meanwhile at most
  // once.
  [[nodiscard]] virtual bool describe_peers(PeerCursor& cursor, std::size_t max,
                                            std::vector<PeerDescription>& out) const = 0;
};

}  // namespace wring
