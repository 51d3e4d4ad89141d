// Peers whose endpoint is a name: when each is looked up, and what is made of the answers. Pure: it
// is told the time and the answers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "client/interface_state.h"
#include "config/tunnel_config.h"
#include "run/names.h"
#include "run/silence.h"

namespace wring::run {

// The endpoint, if its host is an address and not a name. An address with a zone counts as a name:
// its interface may come later.
[[nodiscard]] std::optional<Endpoint> address_in(const config::HostPort& endpoint);

class NamedPeers {
 public:
  // Starts a look-up, whose answer comes back with this number.
  using Ask = std::function<void(std::size_t id, const config::HostPort& endpoint)>;
  // Takes a line for people.
  using Say = std::function<void(const std::string& line)>;

  // The first pause after a look-up that failed. It doubles up to the longest.
  static constexpr std::chrono::seconds kFirstPause{1};
  static constexpr std::chrono::seconds kLongestPause{60};

  NamedPeers(Ask ask, Say say) : ask_(std::move(ask)), say_(std::move(say)) {}

  // Serves the peers of this configuration from now on. Those that it served already under the same
  // key and name stay as they are: what was found is kept, and not asked for again.
  void follow(const config::TunnelConfig& config);
  [[nodiscard]] bool empty() const { return peers_.empty(); }
  // Looks up those whose time has come: all, at first.
  void look_up(TimePoint now);
  // When look_up() has something to do; kNever: only after an answer or silence.
  [[nodiscard]] TimePoint next() const;
  // The change that an answer leads to. Nothing if the look-up failed: it is tried again later; nor
  // if the peer is not served any more.
  [[nodiscard]] std::optional<PeerChange> take(const NameAnswer& answer, TimePoint now);
  // Has the names of silent peers looked up again.
  void watch(const std::vector<PeerDescription>& peers, TimePoint now);
  // Whether each that has a default route among its prefixes was found once.
  [[nodiscard]] bool default_is_found() const;
  // Whether each has had an answer, be it that there is no such name.
  [[nodiscard]] bool all_are_answered() const;
  // Where this name was found last.
  [[nodiscard]] std::optional<Endpoint> found(const config::HostPort& name) const;
  // Whether each was found once.
  [[nodiscard]] bool all_are_found() const;

 private:
  struct Peer {
    std::size_t id = 0;
    PublicKey key;
    config::HostPort name;
    bool has_default = false;
    bool asked = false;   // a look-up is under way
    bool failed = false;  // the last one failed
    TimePoint due{};      // of the next look-up; kNever: none
    std::chrono::seconds pause = kFirstPause;
    std::optional<Endpoint> endpoint;  // the last that was found
    SilenceWatch silence;
  };

  std::vector<Peer> peers_;
  std::size_t next_id_ = 0;
  Ask ask_;
  Say say_;
};

}  // namespace wring::run
