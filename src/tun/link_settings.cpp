// Builds RTM_NEWLINK requests that change one setting each, and reads the kernel's answers.
#include "tun/link_settings.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"
#include "netlink/namespace_socket.h"

namespace wring {
namespace {

constexpr std::size_t kMessageRoom = 1024;  // one short request, and its answer
constexpr const char* kRedirectsOfAll = "/proc/sys/net/ipv4/conf/all/send_redirects";

// A request that changes the interface `name`. The caller adds the settings to change.
class LinkChange {
 public:
  explicit LinkChange(const std::string& name) {
    header_->nlmsg_type = RTM_NEWLINK;
    header_->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    mnl_nlmsg_put_extra_header(header_, sizeof(ifinfomsg));
    mnl_attr_put_strz(header_, IFLA_IFNAME, name.c_str());
  }
  LinkChange(const LinkChange&) = delete;
  LinkChange& operator=(const LinkChange&) = delete;

  nlmsghdr* header() { return header_; }

  // 0, or the errno with which the kernel refused.
  int send(int netlink) {
    if (::send(netlink, header_, header_->nlmsg_len, 0) < 0) return errno;
    const ssize_t size = recv(netlink, buffer_.data(), buffer_.size(), 0);
    if (size < 0) return errno;
    const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer_.data());
    if (!mnl_nlmsg_ok(answer, static_cast<int>(size)) || answer->nlmsg_type != NLMSG_ERROR) {
      return EPROTO;
    }
    return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer))->error;
  }

 private:
  alignas(nlmsghdr) std::array<char, kMessageRoom> buffer_{};
  nlmsghdr* const header_ = mnl_nlmsg_put_header(buffer_.data());
};

// `fill` adds the setting to the request's header.
template <typename Fill>
Result<void> change(int tun_fd, const std::string& name, const std::string& what, Fill fill) {
  const auto netlink = socket_beside_tun(tun_fd, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (!netlink) return tl::unexpected(netlink.error());
  LinkChange request(name);
  fill(request.header());
  const int error = request.send(netlink->get());
  if (error == 0) return {};
  return system_failure("cannot " + what + " " + name, error);
}

// The host has no such address family, or the interface takes no part in it (IPv6 below an MTU of
// 1280).
bool is_absent(const Result<void>& changed) {
  return !changed && (changed.error().code == EAFNOSUPPORT || changed.error().code == EOPNOTSUPP);
}

}  // namespace

Result<void> set_queue_length(int tun_fd, const std::string& name, unsigned packets) {
  return change(tun_fd, name, "set the queue length to " + std::to_string(packets) + " of",
                [packets](nlmsghdr* header) { mnl_attr_put_u32(header, IFLA_TXQLEN, packets); });
}

Result<void> forbid_kernel_made_addresses(int tun_fd, const std::string& name) {
  auto changed =
      change(tun_fd, name, "turn off IPv6 addresses of the kernel's own on", [](nlmsghdr* header) {
        nlattr* families = mnl_attr_nest_start(header, IFLA_AF_SPEC);
        nlattr* v6 = mnl_attr_nest_start(header, AF_INET6);
        mnl_attr_put_u8(header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        mnl_attr_nest_end(header, v6);
        mnl_attr_nest_end(header, families);
      });
  if (is_absent(changed)) return {};
  return changed;
}

Result<void> forbid_redirects(int tun_fd, const std::string& name) {
  auto changed = change(tun_fd, name, "turn off redirects on", [](nlmsghdr* header) {
    nlattr* families = mnl_attr_nest_start(header, IFLA_AF_SPEC);
    nlattr* v4 = mnl_attr_nest_start(header, AF_INET);
    nlattr* settings = mnl_attr_nest_start(header, IFLA_INET_CONF);
    mnl_attr_put_u32(header, IPV4_DEVCONF_SEND_REDIRECTS, 0);
    mnl_attr_nest_end(header, settings);
    mnl_attr_nest_end(header, v4);
    mnl_attr_nest_end(header, families);
  });
  if (is_absent(changed)) return {};
  return changed;
}

bool forbid_redirects_of_all() {
  const UniqueFd setting(open(kRedirectsOfAll, O_WRONLY | O_CLOEXEC));
  return setting && write(setting.get(), "0", 1) == 1;
}

}  // namespace wring
