// Asks for the number of a namespace by RTM_GETNSID, and has one assigned by RTM_NEWNSID.
#include "netlink/namespace_id.h"

#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/unique_fd.h"
#include "netlink/tun_namespace.h"

namespace wring {
namespace {

constexpr std::size_t kMessageRoom = 8192;  // as much as the kernel fills for one namespace

// Asks about the namespace of `namespace_fd`. With `id`, the namespace is to get this id. Returns
// the id in the answer, or kOwnNamespace if the answer has none.
Result<int> ask(int socket, std::uint16_t type, int namespace_fd, std::optional<int> id) {
  alignas(nlmsghdr) std::array<char, kMessageRoom> buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | (id ? NLM_F_ACK : 0));
  mnl_nlmsg_put_extra_header(request, sizeof(rtgenmsg));
  mnl_attr_put_u32(request, NETNSA_FD, static_cast<std::uint32_t>(namespace_fd));
  if (id) mnl_attr_put_u32(request, NETNSA_NSID, static_cast<std::uint32_t>(*id));
  const bool sent = ::send(socket, request, request->nlmsg_len, 0) >= 0;
  const ssize_t size = sent ? recv(socket, buffer.data(), buffer.size(), 0) : -1;
  if (size < 0) return system_failure("cannot ask for a network namespace", errno);

  const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
  if (!mnl_nlmsg_ok(answer, static_cast<int>(size))) {
    return failure("cannot read the kernel's answer about a network namespace", EPROTO);
  }
  if (answer->nlmsg_type == NLMSG_ERROR) {
    const int error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer))->error;
    if (error == 0) return kOwnNamespace;
    return system_failure("cannot number a network namespace", error, "it takes CAP_NET_ADMIN");
  }
  int found = kOwnNamespace;
  const auto take = [](const nlattr* attribute, void* out) {
    if (mnl_attr_get_type(attribute) == NETNSA_NSID) {
      *static_cast<int*>(out) = static_cast<int>(mnl_attr_get_u32(attribute));
    }
    return MNL_CB_OK;
  };
  mnl_attr_parse(answer, sizeof(rtgenmsg), take, &found);
  return found;
}

}  // namespace

Result<int> namespace_id_of_tun(int tun_fd) {
  const UniqueFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink) return system_failure("cannot open a netlink socket", errno);
  const auto theirs = other_namespace_of_tun(tun_fd, netlink.get());
  if (!theirs) return tl::unexpected(theirs.error());
  if (!*theirs) return kOwnNamespace;

  auto id = ask(netlink.get(), RTM_GETNSID, theirs->get(), std::nullopt);
  if (!id || *id != NETNSA_NSID_NOT_ASSIGNED) return id;
  auto assigned = ask(netlink.get(), RTM_NEWNSID, theirs->get(), NETNSA_NSID_NOT_ASSIGNED);
  // EEXIST: another program assigned one before us.
  if (!assigned && assigned.error().code != EEXIST) return assigned;
  return ask(netlink.get(), RTM_GETNSID, theirs->get(), std::nullopt);
}

}  // namespace wring
