// Echo requests that leave and the replies to them.
#pragma once

#include <lwip/raw.h>

#include <memory>

#include "base/unique_fd.h"
#include "stack/control.h"
#include "stack/links.h"

namespace wring::stack {

class EchoLink final : public Link {
 public:
  // Null: there is no memory.
  static std::unique_ptr<EchoLink> open(Links& links, IpVersion version, UniqueFd end);
  ~EchoLink() override;

 private:
  EchoLink(Links& links, UniqueFd end) : links_(links), socket_(std::move(end)) {}
  void on_socket();
  void send(ByteSpan message);
  [[nodiscard]] bool receive(pbuf* packet, const ip_addr_t& from);

  Links& links_;
  UniqueFd socket_;
  raw_pcb* port_ = nullptr;
};

}  // namespace wring::stack
