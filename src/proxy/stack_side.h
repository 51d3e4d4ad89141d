// The side of the tunnel where a TCP/IP stack in another process is its end. Each socket is one end
// of a pair, whose other end the stack has.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/sides.h"
#include "stack/control.h"

namespace wring::proxy {

// One thread.
class StackSide final : public Side {
 public:
  // By `requests` the stack is asked; see stack/control.h. It blocks, and the stack never does.
  // `addresses` are the interface's.
  StackSide(UniqueFd requests, std::vector<IpAddress> addresses)
      : requests_(std::move(requests)), addresses_(std::move(addresses)) {}

  // Readable once the stack is gone.
  [[nodiscard]] int fd() const { return requests_.get(); }

  // Datagrams have heads, see datagram_io.h.
  [[nodiscard]] UniqueFd socket(IpVersion version, int type) override;
  [[nodiscard]] bool connect(int socket, const Endpoint& to, Manner manner) override;
  [[nodiscard]] bool takes_clients() const override { return true; }
  [[nodiscard]] bool hand_over(int socket, int client, std::string_view first) override;
  [[nodiscard]] std::optional<stack::Report> passed(int socket) override;
  [[nodiscard]] std::optional<int> outcome(int socket, std::uint32_t events) override;
  [[nodiscard]] Endpoint own_address(int socket) override;
  [[nodiscard]] Endpoint other_address(int socket) override;
  [[nodiscard]] UniqueFd end_mark(int socket) override;
  [[nodiscard]] IpAddress source_towards(const IpAddress& target) override;
  [[nodiscard]] Result<UniqueFd> open_port(int type, std::uint16_t port) override;
  [[nodiscard]] std::uint16_t number_of(int port) override { return ports_[port]; }
  [[nodiscard]] UniqueFd accept(int port, Endpoint& from) override;
  [[nodiscard]] Echoes echoes(IpVersion version) override;

 private:
  [[nodiscard]] UniqueFd ask(const stack::Request& request, int type);

  UniqueFd requests_;
  std::vector<IpAddress> addresses_;
  // The other ends of those that are not connected yet, by the number of ours.
  std::map<int, UniqueFd> others_;
  std::map<int, std::uint16_t> ports_;
  // Ours of those that were made, theirs of those that came, until they are asked for or the number
  // is used again.
  std::map<int, Endpoint> names_;
  // Of those that get one, until they are asked for or the number is used again. Empty: it has not
  // come yet.
  std::map<int, UniqueFd> marks_;
};

}  // namespace wring::proxy
