// A socket of UDP.
#pragma once

#include <lwip/udp.h>

#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "stack/control.h"
#include "stack/links.h"

namespace wring::stack {

// A datagram that finds its socket full is dropped, as the kernel would.
class DatagramLink final : public Link {
 public:
  // Null: it failed. With a port, the relay was told why.
  static std::unique_ptr<DatagramLink> open(Links& links, const Place& at, UniqueFd end);
  ~DatagramLink() override;

 private:
  DatagramLink(Links& links, UniqueFd end) : links_(links), socket_(std::move(end)) {}
  [[nodiscard]] int bind(const Place& at);
  void on_socket();
  void send(ByteSpan message);
  void receive(pbuf* data, const Place& from);

  Links& links_;
  UniqueFd socket_;
  udp_pcb* port_ = nullptr;
  std::optional<Place> connected_;
};

// Sends a message of a head and a packet's bytes; it is dropped where there is no room.
void send_datagram(const UniqueFd& end, const Place& from, const pbuf* data);

}  // namespace wring::stack
