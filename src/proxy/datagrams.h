// A socket of datagrams on the relay's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "ip/endpoint.h"
#include "proxy/loop.h"

namespace wring::proxy {

class Datagrams {
 public:
  // Valid until it returns.
  using Take = std::function<void(const Endpoint& from, std::string_view payload)>;

  // The socket does not block.
  Datagrams(Loop& loop, UniqueFd socket, Take take);
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;
  ~Datagrams();

  // False: the kernel's limit of watches is reached.
  [[nodiscard]] bool start();
  // Head and payload as one datagram. False: it was dropped, because there is no room or no way.
  [[nodiscard]] bool send(const Endpoint& to, std::string_view head, std::string_view payload);
  [[nodiscard]] const UniqueFd& socket() const { return socket_; }

 private:
  void receive();

  // One for all sockets of the thread, because a datagram is passed on before the next is read.
  static constexpr std::size_t kMaxSize = 65535;
  static constexpr int kPerTurn = 64;

  Loop& loop_;
  UniqueFd socket_;
  bool with_heads_;  // see datagram_io.h
  bool is_six_;
  Take take_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
