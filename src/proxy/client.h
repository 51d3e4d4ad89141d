// One client of a listener: from its first byte to its last.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "protocols/protocol.h"
#include "proxy/association.h"
#include "proxy/counters.h"
#include "proxy/dial.h"
#include "proxy/handed_over.h"
#include "proxy/inbound_port.h"
#include "proxy/relay.h"
#include "proxy/services.h"
#include "proxy/watched.h"

namespace wring::proxy {

class Client {
 public:
  // For all that comes before its bytes are passed on.
  static constexpr std::chrono::seconds kRequestLimit{10};
  // How long one without an address waits for the answer to a wrong password. It is not locked out,
  // because nobody could be told from it: in our user namespace, all other users are one.
  static constexpr std::chrono::seconds kGuessPause{1};
  // How long it may take to read what it is told at the end.
  static constexpr std::chrono::seconds kPartingLimit{2};

  struct Start {
    UniqueFd socket;  // does not block
    Endpoint from;    // not set for a UNIX socket
    std::unique_ptr<Protocol> protocol;
    Reach& reach;         // where its targets are
    UniqueFd end_mark{};  // see Side
  };
  // `done` is called once, when all is over. The client has to be kept to the end of the turn.
  Client(Services& services, ListenerCounters& counters, Start start, std::function<void()> done);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  void serve();
  // In place of that: tells it why not, and lets it go.
  void turn_away(Refusal refusal);
  // As of Relay::Ends, before it is served.
  void reset_by(std::function<void()> break_off) { break_off_ = std::move(break_off); }
  // In place of an answer, before it is served.
  void reset_if_refused() { resets_ = true; }
  // As Relay::break_off(). Before bytes are passed on, its socket ends next. If that comes after
  // its target is there, it is no end.
  void break_off() {
    is_broken_off_ = true;
    if (relay_) relay_->break_off();
  }

 private:
  enum class State : std::uint8_t { kRequest, kWaiting, kPassing, kParting, kOver };

  [[nodiscard]] bool watch();
  void on_event(std::uint32_t events);
  void refuse(Refusal refusal);
  void read_request();
  void answer_guess(Protocol::Step step);
  void carry_out(const Protocol::Step& step);
  void on_dialled(tl::expected<Dial::Connected, Refusal> result);
  void begin_relay(Relay::End target, const std::string& to_client);
  [[nodiscard]] bool is_for_side() const;
  [[nodiscard]] bool hand_over(Watched& target);
  void on_relayed(std::optional<Watched> parting);
  void associate(std::uint16_t port);
  void wait_for_target(const config::HostPort& target);
  void on_bound(tl::expected<UniqueFd, Refusal> result);
  void part();
  void discard();
  void over();
  void set_timer(Duration limit);
  [[nodiscard]] bool tell(const std::string& text);

  Services& services_;
  ListenerCounters& counters_;
  Watched socket_;
  UniqueFd end_mark_;
  Endpoint from_;
  std::unique_ptr<Protocol> protocol_;
  Reach& reach_;
  std::function<void()> break_off_;
  std::function<void()> done_;
  State state_ = State::kRequest;
  std::uint32_t events_;  // that were reported and not answered
  std::string input_;
  std::string unsaid_;  // goes with what it is told next
  std::optional<std::uint64_t> limit_;
  std::optional<ChunkedBody> body_;
  Loop::TimerId timer_ = Loop::kNoTimer;
  std::size_t discarded_ = 0;
  bool resets_ = false;
  bool is_broken_off_ = false;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<HandedOver> handed_over_;
  std::unique_ptr<Association> association_;
  std::unique_ptr<InboundPort> inbound_;
};

}  // namespace wring::proxy
