// A proxy of HTTP/1: CONNECT, and every other method for one request. Pure.
#pragma once

#include <string>
#include <utility>

#include "httptext/http_head.h"
#include "protocols/protocol.h"

namespace wring::proxy {

// A request that is not CONNECT goes on with a target as its server wants it and without the fields
// that are for the proxy. It is the connection's last: it says "Connection: close", and no byte
// behind its body is passed on, because the next request might be for another server.
class HttpProxy final : public Protocol {
 public:
  explicit HttpProxy(CheckCredentials check) : check_(std::move(check)) {}
  [[nodiscard]] Step take(std::string& input) override;
  [[nodiscard]] std::string granted(const Endpoint&) override;
  [[nodiscard]] std::string refused(Refusal refusal) override;

 private:
  [[nodiscard]] bool may_pass(const HttpHead& head) const;
  [[nodiscard]] static Step connect(const HttpHead& head, std::string& input);
  [[nodiscard]] static Step request(const HttpHead& head, std::string& input);

  CheckCredentials check_;
  bool is_connect_ = false;
};

}  // namespace wring::proxy
