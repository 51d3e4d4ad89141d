// Tells systemd how far this service is, and that it is well.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace wring::run {

// The manager that started this process, by the protocol of sd_notify(3). Where there is none,
// nothing is told and nothing fails. Main thread.
class ServiceManager {
 public:
  // Takes what the manager said out of the environment, so that neither the engine nor a hook
  // speaks in our place. Call it before there are other threads. `complain` is called once if the
  // manager cannot be reached; that changes nothing else.
  static ServiceManager from_environment(std::function<void(const std::string&)> complain);

  // `status` is a line for people.
  void is_ready(std::string_view status);
  void is_reloading();
  void is_stopping();
  void is_well();

  // The manager kills a service that does not say for so long that it is well. Nothing: it waits
  // for no such word.
  [[nodiscard]] std::optional<Duration> patience() const { return patience_; }

 private:
  void tell(const std::string& text);
  [[nodiscard]] Result<void> send(const std::string& text) const;

  std::string address_;  // empty: there is no manager; begins with '@': an abstract one
  std::optional<Duration> patience_;
  std::function<void(const std::string&)> complain_;  // null: it did already
};

}  // namespace wring::run
