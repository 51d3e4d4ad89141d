// The supervisor of one interface. Internal to this folder; supervisor.h is what others use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "run/child.h"
#include "run/engine.h"
#include "run/file_watch.h"
#include "run/named_peers.h"
#include "run/names.h"
#include "run/network.h"
#include "run/plan.h"
#include "run/preparation.h"
#include "run/record.h"
#include "run/reload_socket.h"
#include "run/service_manager.h"
#include "run/supervisor.h"

namespace wring::run {

// Main thread.
class Supervisor {
 public:
  Supervisor(Task task, EventLoop loop, NameLookups lookups, ServiceManager manager);

  // Until it is to end. `signals` is a signalfd.
  [[nodiscard]] Result<void> run(int signals, const Record& record);

 private:
  [[nodiscard]] Result<void> watch_events(int signals);
  [[nodiscard]] Result<void> bring_up(const Record& record);
  [[nodiscard]] Result<void> configure();
  [[nodiscard]] Result<void> start_metrics();
  [[nodiscard]] Result<void> serve_others();
  [[nodiscard]] Result<void> serve();
  // `is_up`: hooks are run, and the configuration is saved if it says so. The Error is that of the
  // saving.
  [[nodiscard]] Result<void> take_down(bool is_up);
  [[nodiscard]] Result<void> save();
  [[nodiscard]] Result<void> run_hooks(config::Hook::Point point, const char* name);
  void turn(TimePoint deadline);
  void take_signals(int signals);
  void watch_peers();
  // Tells the service manager that the engine answers, if it does.
  void vouch_for_engine();
  void take_answers();
  void set_up_defaults_if_due();
  [[nodiscard]] Result<std::vector<Endpoint>> endpoints_of_peers();
  [[nodiscard]] bool is_to_end() const { return asked_to_end_ || engine_ended_; }

  // In reload.cpp. What is asked for while one is under way is done after it.
  void reload();
  struct Outcome {
    bool done = false;
    bool is_news = true;
    std::string said;  // of mistakes and warnings
    std::string line;  // what came of it
  };
  [[nodiscard]] Outcome read_again();
  // Returns what was changed.
  [[nodiscard]] Result<std::string> become(config::TunnelConfig config);
  [[nodiscard]] Result<ConfigChange> change_engine(const config::TunnelConfig& config,
                                                   std::uint32_t fwmark);
  [[nodiscard]] Result<std::vector<std::string>> change_network(Plan plan);
  void await_new_names();

  Task task_;
  EventLoop loop_;
  NameLookups lookups_;
  NamedPeers names_;
  ServiceManager manager_;
  SystemClock clock_;
  Plan plan_;
  std::uint32_t own_table_ = 0;  // for a default route; 0: none was chosen yet
  std::optional<Engine> engine_;
  std::optional<Child> metrics_;
  std::optional<Network> network_;
  std::optional<ReloadSocket> requests_;
  std::optional<FileWatch> files_;
  bool asked_to_end_ = false;
  bool engine_ended_ = false;
  bool reload_wanted_ = false;
  bool reload_is_loud_ = false;  // it says so if there was nothing to change
  std::string said_;             // by the last reading
  bool file_has_mistakes_ = false;
  bool defaults_wait_ = true;
  TimePoint next_watch_ = kNever;
  TimePoint next_word_ = kNever;  // to the service manager
  Result<void> so_far_;           // of the steps that were put off
};

}  // namespace wring::run
