// A port in the tunnel that takes connections.
#pragma once

#include <lwip/tcp.h>

#include <memory>

#include "base/unique_fd.h"
#include "stack/control.h"
#include "stack/links.h"

namespace wring::stack {

class ListenerLink final : public Link {
 public:
  // Null: it failed, and the relay was told why. It listens until the relay closes its end.
  static std::unique_ptr<ListenerLink> open(Links& links, const Place& at, UniqueFd end);
  ~ListenerLink() override;

 private:
  ListenerLink(Links& links, UniqueFd end) : links_(links), socket_(std::move(end)) {}
  [[nodiscard]] int listen(const Place& at);
  [[nodiscard]] err_t take(tcp_pcb* connection);

  Links& links_;
  UniqueFd socket_;
  tcp_pcb* listener_ = nullptr;
};

}  // namespace wring::stack
