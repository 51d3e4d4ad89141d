// Takes the connections of one listener.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "proxy/client.h"
#include "proxy/guesses.h"
#include "proxy/services.h"
#include "proxy/tls.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

class TcpListener {
 public:
  // `socket` listens and does not block. Targets are at `reach`.
  TcpListener(Services& services, ListenerCounters& counters, const Listener& listener,
              Reach& reach, UniqueFd socket);
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  ~TcpListener();

  // Its clients speak TLS then; null: they do not.
  void use_tls(std::unique_ptr<TlsIdentity> identity) { identity_ = std::move(identity); }
  // Its clients are led to the address that they connected to, if they may be. Others are reset.
  using MayPass = std::function<bool(const Endpoint& from, const Endpoint& to)>;
  void lead_on(MayPass may_pass) { may_pass_ = std::move(may_pass); }
  // Its port is of that side, which outlives it; else it is of this thread's namespace.
  void accept_by(Side& side) { acceptor_ = &side; }
  [[nodiscard]] bool start();
  // Serves a connection that was not accepted, that of stdin and stdout. `ended` is called when it
  // is over.
  void serve(UniqueFd socket, std::function<void()> ended);
  // For clients that come from now on, at the same socket.
  void become(const Listener& listener) { listener_ = listener; }
  // Takes no more clients. Those that are there go on.
  void retire();
  [[nodiscard]] bool has_clients() const { return !clients_.empty() || !bridges_.empty(); }

 private:
  static constexpr int kPerTurn = 64;
  // After which it is tried again where no descriptor was left.
  static constexpr std::chrono::milliseconds kPause{100};

  struct Taken {
    UniqueFd socket;
    UniqueFd end_mark;  // see Side
  };
  void take();
  void admit(Taken taken, const Endpoint& from);
  void admit_with_tls(UniqueFd socket, const Endpoint& from, Places::Held place);
  Client& add(Taken taken, const Endpoint& from, Places::Held place, std::function<void()> ended);
  void admit_by_gateway(Taken taken, const Endpoint& from);
  void remove(const Client* client);
  [[nodiscard]] std::unique_ptr<Protocol> protocol_for(const Endpoint& from, const Endpoint& local);
  [[nodiscard]] bool is_allowed(const Endpoint& from) const;

  Services& services_;
  ListenerCounters& counters_;
  Listener listener_;
  Reach& reach_;
  UniqueFd socket_;
  bool drained_ = false;  // of those that came before it had its options
  HereSide here_;
  Side* acceptor_ = &here_;
  Guesses guesses_;
  std::unordered_map<const Client*, std::shared_ptr<Client>> clients_;
  std::unique_ptr<TlsIdentity> identity_;
  MayPass may_pass_;  // empty: the listener says where clients are led
  std::unordered_map<const TlsBridge*, std::shared_ptr<TlsBridge>> bridges_;
  Loop::TimerId timer_ = Loop::kNoTimer;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
