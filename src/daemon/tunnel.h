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
#include "crypto/aead_backend.h"
#include "daemon/control_outbox.h"
#include "daemon/drop_watch.h"
#include "daemon/handshake_pool.h"
#include "daemon/inner_interface.h"
#include "daemon/kernel_routes.h"
#include "daemon/key_log.h"
#include "daemon/logged_settings.h"
#include "daemon/udp_binding.h"
#include "daemon/worker.h"
#include "device/configuration.h"
#include "device/control_turn.h"
#include "device/device.h"
#include "process/privileges.h"
#include "pump/make_pump.h"

namespace wring {

struct TunnelOptions {
  std::string interface;
  std::string version;  // that the control socket tells
  unsigned workers = 1;
  std::vector<unsigned> cpus;  // one for each worker, to which it is bound; empty: any
  PumpKind io = PumpKind::kAuto;
  bool offload = true;                // let the kernel join and split packets, where it can
  std::optional<AeadBackend> cipher;  // one that there is; none: the best
  Privileges privileges;              // what to keep once all is open
  HandedInInterface handed_in;
  UniqueFd uapi_fd;  // a control socket, listening or connected (WG_UAPI_FD), or none
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

  [[nodiscard]] const std::string& interface() const { return interface_.name(); }
  // Filters the calling thread's system calls, unless told otherwise: nothing can be opened after
  // it. Before run().
  [[nodiscard]] Result<void> confine() const;
  // Runs until the interface or the control socket is deleted, or a signal other than SIGUSR1
  // comes on `signal_fd`, a signalfd. SIGUSR1 logs what was dropped, by reason.
  [[nodiscard]] Result<void> run(int signal_fd);

  int send(const OutgoingDatagram& datagram) override;

 private:
  Tunnel(InnerInterface interface, EventLoop loop, Wakeup wakeup, const Offloads& offloads,
         std::optional<AeadBackend> cipher);

  Result<void> start_workers(const TunnelOptions& options);
  Result<void> watch();
  void on_link(const LinkState& state);
  void on_signal(int signal_fd);
  void log_keys(const DevicePeer& peer, const PrivateKey& ephemeral);
  void poll_link();
  void follow_routes();
  void watch_routes();
  void count_lost_packets();
  void report(const Peer& peer, DeviceEvent event);
  void watch_drops();
  void end(std::string why);
  [[nodiscard]] TimePoint next_turn() const;

  bool filter_system_calls_ = true;
  SystemClock clock_;
  SystemRng rng_;
  InnerInterface interface_;
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
  ControlTurn turn_{device_};
  DropWatch drop_watch_;
  LoggedSettings settings_{binding_};
  Configuration configuration_;
  std::unique_ptr<UapiServer> uapi_;
  std::optional<std::uint16_t> refused_port_;  // taken when the interface came up
  unsigned warned_mtu_ = 0;                    // the last that was too large
  std::optional<KeyLog> key_log_;
  std::optional<std::string> ended_;
  bool by_signal_ = false;
};

}  // namespace wring
