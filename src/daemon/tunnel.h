// A running WireGuard interface: TUN, sockets, workers, control socket, and the control thread's
// loop that holds them together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/unique_fd.h"
#include "base/wakeup.h"
#include "control/uapi_server.h"
#include "daemon/configuration.h"
#include "daemon/control_outbox.h"
#include "daemon/handshake_pool.h"
#include "daemon/kernel_routes.h"
#include "daemon/key_log.h"
#include "daemon/udp_binding.h"
#include "daemon/worker.h"
#include "device/device.h"
#include "netlink/link_monitor.h"
#include "process/privileges.h"
#include "pump/make_pump.h"
#include "tun/tun_device.h"

namespace wring {

struct TunnelOptions {
  std::string interface;
  unsigned workers = 1;
  std::vector<unsigned> cpus;  // one for each worker, to which it is bound; empty: any
  PumpKind io = PumpKind::kAuto;
  bool offload = true;    // let the kernel join and split packets, where it can
  Privileges privileges;  // what to keep once all is open
  UniqueFd tun_fd;        // an open TUN (WG_TUN_FD), or none
  UniqueFd uapi_fd;       // a listening control socket (WG_UAPI_FD), or none
  std::optional<KeyLog> key_log;
};

// Control thread only: the thread that opens it runs and destroys it.
class Tunnel final : public DatagramSender {
 public:
  // When it returns, the interface exists and the control socket answers once run() is called
  // (P41). On an error nothing is left behind. Gives up the privileges that it needed, for good:
  // there must be no other thread yet.
  static Result<std::unique_ptr<Tunnel>> open(TunnelOptions options);
  ~Tunnel() override;

  [[nodiscard]] const std::string& interface() const { return tun_.name(); }
  // Filters the calling thread's system calls, unless told otherwise: nothing can be opened after
  // it. Before run().
  [[nodiscard]] Result<void> confine() const;
  // Runs until the interface or the control socket is deleted, or a signal other than SIGUSR1
  // comes on `signal_fd`, a signalfd. SIGUSR1 logs what was dropped, by reason.
  [[nodiscard]] Result<void> run(int signal_fd);

  int send(const OutgoingDatagram& datagram) override;

 private:
  Tunnel(TunDevice tun, LinkMonitor monitor, EventLoop loop, Wakeup wakeup, unsigned workers,
         const Offloads& offloads);

  Result<void> start_workers(const TunnelOptions& options);
  Result<void> watch();
  void on_link(const LinkState& state);
  void on_signal(int signal_fd);
  void log_keys(const Peer& peer, const PrivateKey& ephemeral);
  void poll_link();
  void follow_routes();
  void watch_routes();
  void take_handshakes(Instant now);
  // There is one to be taken and the device takes it.
  [[nodiscard]] bool handshakes_waiting();
  void end(std::string why);
  [[nodiscard]] Instant now() const { return {clock_.now(), clock_.wall_now()}; }

  bool filter_system_calls_ = true;
  SystemClock clock_;
  SystemRng rng_;
  TunDevice tun_;
  LinkMonitor monitor_;
  EventLoop loop_;
  Wakeup wakeup_;
  SharedState shared_;
  LoggedOnce logged_;
  std::vector<std::unique_ptr<Worker>> workers_;
  UdpBinding binding_;
  ControlOutbox outbox_{shared_.drops};
  HandshakePool handshake_pool_;
  std::optional<KernelRoutes> routes_;  // none where the kernel does not let us ask
  bool watches_routes_ = false;
  Device device_;
  Configuration configuration_;
  std::unique_ptr<UapiServer> uapi_;
  std::optional<std::uint16_t> refused_port_;  // taken when the interface came up
  std::optional<KeyLog> key_log_;
  std::optional<std::string> ended_;
  bool by_signal_ = false;
};

}  // namespace wring
