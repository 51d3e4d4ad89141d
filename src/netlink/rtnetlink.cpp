// Sends requests of rtnetlink, and reads the answers up to the last.
#include "netlink/rtnetlink.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace wring {
namespace {

// As libmnl advises: the kernel fills at most so much at once.
constexpr std::size_t kReplyRoom = 32U << 10;

struct AnswerBuffer {
  alignas(nlmsghdr) std::array<char, kReplyRoom> bytes;
};

}  // namespace

std::optional<IpAddress> address_in(const nlattr& attribute, std::uint8_t family) {
  IpAddress address;
  address.version = family == AF_INET ? IpVersion::kV4 : IpVersion::kV6;
  if (mnl_attr_get_payload_len(&attribute) != address.size()) return std::nullopt;
  std::memcpy(address.bytes.data(), mnl_attr_get_payload(&attribute), address.size());
  return address;
}

std::optional<std::uint32_t> number_in(const nlattr& attribute) {
  if (mnl_attr_validate(&attribute, MNL_TYPE_U32) < 0) return std::nullopt;
  return mnl_attr_get_u32(&attribute);
}

RtRequest::RtRequest(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr* const started = mnl_nlmsg_put_header(buffer_.data());
  started->nlmsg_type = type;
  started->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

void RtRequest::put(std::uint16_t attribute, std::uint32_t number) {
  mnl_attr_put_u32(message(), attribute, number);
}

void RtRequest::put(std::uint16_t attribute, ByteSpan bytes) {
  mnl_attr_put(message(), attribute, bytes.size(), bytes.data());
}

Result<RtSocket> RtSocket::open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return system_failure("cannot open a netlink socket", errno);
  return RtSocket(std::move(socket));
}

int RtSocket::change(RtRequest& request) {
  request.message()->nlmsg_flags |= NLM_F_ACK;
  return converse(request, true, {});
}

int RtSocket::ask(RtRequest& request, const std::function<void(const nlmsghdr&)>& take) {
  return converse(request, (request.message()->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP, take);
}

int RtSocket::converse(RtRequest& request, bool until_done,
                       const std::function<void(const nlmsghdr&)>& take) {
  nlmsghdr* const question = request.message();
  question->nlmsg_seq = ++sequence_;
  if (::send(socket_.get(), question, question->nlmsg_len, 0) < 0) return errno;
  const auto buffer = std::make_unique<AnswerBuffer>();
  for (;;) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(socket_.get(), buffer->bytes.data(), buffer->bytes.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (from.nl_pid != 0) continue;  // of a process, not of the kernel
    int left = static_cast<int>(got);
    const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer->bytes.data());
    for (; mnl_nlmsg_ok(answer, left); answer = mnl_nlmsg_next(answer, &left)) {
      if (answer->nlmsg_seq != sequence_) continue;  // of a question that was given up
      if (answer->nlmsg_type == NLMSG_DONE) return 0;
      if (answer->nlmsg_type == NLMSG_ERROR) {
        return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer))->error;
      }
      if (take) take(*answer);
      if (!until_done) return 0;
    }
  }
}

}  // namespace wring
