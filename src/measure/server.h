// The end that receives: takes bytes and datagrams, counts them, and answers echoes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::measure {

class Server {
 public:
  // TCP and UDP at this address, in the network namespace of the calling thread. Port 0: one that
  // is free. Its threads run as long as the object lives.
  static Result<std::unique_ptr<Server>> start(Endpoint at);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it is reached, its port included.
  [[nodiscard]] const Endpoint& at() const { return at_; }

 private:
  Server() = default;
  void accept_all();
  void answer_datagrams();

  // More connections at a time are refused.
  static constexpr std::size_t kMaxConnections = 32;

  Endpoint at_;
  UniqueFd listener_;
  UniqueFd datagrams_;
  std::atomic<bool> ends_{false};
  std::list<std::jthread> threads_;
};

}  // namespace wring::measure
