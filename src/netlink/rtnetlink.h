// One conversation with the kernel's routing: requests that change, and dumps that ask.
#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/ip_address.h"

namespace wring {

// A message that is being written. There is room for a header and a dozen attributes.
class RtRequest {
 public:
  // `type` is RTM_..., `flags` are NLM_F_... beyond NLM_F_REQUEST.
  RtRequest(std::uint16_t type, std::uint16_t flags);

  // The family's own header, all zeros. Comes before the attributes, once.
  template <typename Header>
  Header& header() {
    return *static_cast<Header*>(mnl_nlmsg_put_extra_header(message(), sizeof(Header)));
  }
  void put(std::uint16_t attribute, std::uint32_t number);
  void put(std::uint16_t attribute, ByteSpan bytes);

  // For what libmnl adds besides: nested attributes, for example.
  [[nodiscard]] nlmsghdr* message() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }

 private:
  alignas(nlmsghdr) std::array<char, 512> buffer_{};
};

// Calls take(const nlattr&) with each attribute after a family's own header of so many bytes.
template <typename F>
void for_each_attribute(const nlmsghdr& message, std::size_t header_size, F take) {
  const auto call = [](const nlattr* attribute, void* out) {
    (*static_cast<F*>(out))(*attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, static_cast<unsigned>(header_size), call, &take);
}
// The same with each attribute inside of another one.
template <typename F>
void for_each_inside(const nlattr& nest, F take) {
  const auto call = [](const nlattr* attribute, void* out) {
    (*static_cast<F*>(out))(*attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse_nested(&nest, call, &take);
}

// The attribute's value, if it has the size of such a one.
[[nodiscard]] std::optional<IpAddress> address_in(const nlattr& attribute, std::uint8_t family);
[[nodiscard]] std::optional<std::uint32_t> number_in(const nlattr& attribute);

// Blocks until the kernel has answered. One thread at a time.
class RtSocket {
 public:
  // In the network namespace of the calling thread.
  static Result<RtSocket> open();
  // Takes a socket of NETLINK_ROUTE, which may be in another namespace.
  explicit RtSocket(UniqueFd socket) : socket_(std::move(socket)) {}

  // Sends a change and returns the errno with which the kernel refused it; 0: it is done.
  [[nodiscard]] int change(RtRequest& request);
  // Sends a question, or with NLM_F_DUMP one for a list, and calls `take` with each answer. Returns
  // the errno with which the kernel refused it; 0: all answers were taken.
  [[nodiscard]] int ask(RtRequest& request, const std::function<void(const nlmsghdr&)>& take);

 private:
  [[nodiscard]] int converse(RtRequest& request, bool until_done,
                             const std::function<void(const nlmsghdr&)>& take);

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace wring
