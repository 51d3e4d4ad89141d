// Opens the queues of a TUN, checks one that was handed in, and reads and sets the MTU.
#include "tun/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "netlink/namespace_socket.h"
#include "tun/link_settings.h"
#include "tun/packet_information.h"
#include "tun/tun_offloads.h"

namespace wring {
namespace {

constexpr const char* kClonePath = "/dev/net/tun";
constexpr unsigned kMinTunMtu = 68;      // of an interface that carries IPv4 (RFC 791)
constexpr unsigned kMaxTunQueues = 256;  // MAX_TAP_QUEUES of the kernel

Result<UniqueFd> open_clone_device() {
  UniqueFd fd(::open(kClonePath, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (fd) return fd;
  const int error = errno;
  const std::string what = std::string("cannot open ") + kClonePath;
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return system_failure(what, error,
                            "load the module with `modprobe tun`, or give the container the device "
                            "(--device /dev/net/tun)");
    case EACCES:
      return system_failure(what, error,
                            "run as root, or let this user open it (chmod 666 /dev/net/tun)");
    case EPERM:
      return system_failure(what, error, "give the container the device (--device /dev/net/tun)");
    default:
      return system_failure(what, error);
  }
}

Result<ifreq> attach_queue(int fd, const std::string& name, int flags) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(flags);
  if (ioctl(fd, TUNSETIFF, &request) == 0) return request;
  const int error = errno;
  const std::string what = "cannot create the interface " + name;
  switch (error) {
    case EBUSY:
    case EEXIST:
      return failure("an interface " + name + " exists already; delete it with `ip link del " +
                         name + "`, choose another name, or hand it in as WG_TUN_FD",
                     EBUSY);
    case EPERM:
      return system_failure(
          what, error, "run as root, or with CAP_NET_ADMIN (in a container: --cap-add NET_ADMIN)");
    case EINVAL:
      return system_failure(what, error, "no interface can have that name");
    default:
      return system_failure(what, error);
  }
}

Result<void> check_name(const std::string& name) {
  if (name.size() >= IFNAMSIZ) {
    return failure("the interface name " + name + " is too long: at most 15 characters", EINVAL);
  }
  if (name.empty()) return failure("the interface name is empty", EINVAL);
  return {};
}

// Name and flags as they are now: an interface can be renamed while it is open.
Result<ifreq> identify(int tun_fd) {
  ifreq request{};
  if (ioctl(tun_fd, TUNGETIFF, &request) == 0) return request;
  const int error = errno;
  if (error == EBADFD) return failure("the interface was deleted", error);
  return system_failure("the descriptor is not one of a TUN interface", error);
}

std::string name_in(const ifreq& request) {
  return {request.ifr_name, strnlen(request.ifr_name, IFNAMSIZ)};
}

}  // namespace

TunDevice::TunDevice(std::string name, std::vector<UniqueFd> queues, TunOffloads offloads,
                     bool made_here)
    : name_(std::move(name)),
      queues_(std::move(queues)),
      offloads_(offloads),
      made_here_(made_here) {}

Result<TunDevice> TunDevice::create(const std::string& name, unsigned queues, unsigned mtu,
                                    bool offload) {
  if (auto good = check_name(name); !good) return tl::unexpected(good.error());
  if (queues == 0 || queues > kMaxTunQueues) {
    return failure("an interface has 1 to 256 queues, not " + std::to_string(queues), EINVAL);
  }
  const int flags =
      IFF_TUN | IFF_NO_PI | (queues > 1 ? IFF_MULTI_QUEUE : 0) | (offload ? IFF_VNET_HDR : 0);

  // The first queue makes the interface, and fails if there is one already. The others join it by
  // its real name.
  std::string real_name = name;
  std::vector<UniqueFd> fds;
  for (unsigned i = 0; i < queues; ++i) {
    auto fd = open_clone_device();
    if (!fd) return tl::unexpected(fd.error());
    auto attached = attach_queue(fd->get(), real_name, i == 0 ? flags | IFF_TUN_EXCL : flags);
    if (!attached) return tl::unexpected(attached.error());
    real_name = name_in(*attached);
    fds.push_back(std::move(*fd));
  }
  TunOffloads offloads;
  if (offload) {
    auto enabled = use_vnet_header(fds[0].get(), true);
    if (!enabled) return tl::unexpected(enabled.error());
    offloads = *enabled;
  }
  TunDevice device(std::move(real_name), std::move(fds), offloads, true);
  if (auto set = device.set_mtu(mtu); !set) return tl::unexpected(set.error());
  return device;
}

Result<TunDevice> TunDevice::adopt(UniqueFd fd, bool offload, int netlink) {
  auto interface = identify(fd.get());
  if (!interface) return tl::unexpected(interface.error());
  const std::string name = name_in(*interface);
  const int flags = interface->ifr_flags;
  if ((flags & IFF_TUN) == 0) {
    return failure(
        "the interface " + name + " of the descriptor is no TUN (layer 3); open it with IFF_TUN",
        EINVAL);
  }
  const auto packet_information = passes_packet_information(fd.get(), name, netlink);
  if (!packet_information) return tl::unexpected(packet_information.error());
  if (*packet_information) {
    return failure(
        "the descriptor of " + name + " passes packet information; open it with IFF_NO_PI", EINVAL);
  }
  TunOffloads offloads;
  if ((flags & IFF_VNET_HDR) != 0) {
    auto enabled = use_vnet_header(fd.get(), offload);
    if (!enabled) return tl::unexpected(enabled.error());
    offloads = *enabled;
  } else {
    forbid_offloads(fd.get());
  }
  const int status = fcntl(fd.get(), F_GETFL);
  if (status < 0 || fcntl(fd.get(), F_SETFL, status | O_NONBLOCK) < 0 ||
      fcntl(fd.get(), F_SETFD, FD_CLOEXEC) < 0) {
    return system_failure("cannot make the descriptor of " + name + " non-blocking", errno);
  }
  std::vector<UniqueFd> fds;
  fds.push_back(std::move(fd));
  return TunDevice(name, std::move(fds), offloads, false);
}

Result<unsigned> TunDevice::mtu() const {
  auto request = identify(queues_[0].get());
  if (!request) return tl::unexpected(request.error());
  auto socket = socket_beside_tun(queues_[0].get(), AF_INET, SOCK_DGRAM, 0);
  if (!socket) return tl::unexpected(socket.error());
  if (ioctl(socket->get(), SIOCGIFMTU, &*request) != 0) {
    return system_failure("cannot read the MTU of " + name_in(*request), errno);
  }
  return static_cast<unsigned>(request->ifr_mtu);
}

Result<void> TunDevice::set_mtu(unsigned mtu) const {
  if (mtu < kMinTunMtu || mtu > kMaxTunMtu) {
    return failure("an MTU of " + std::to_string(mtu) + " is out of range: 68 to 65500", EINVAL);
  }
  auto request = identify(queues_[0].get());
  if (!request) return tl::unexpected(request.error());
  const std::string name = name_in(*request);
  auto socket = socket_beside_tun(queues_[0].get(), AF_INET, SOCK_DGRAM, 0);
  if (!socket) return tl::unexpected(socket.error());
  request->ifr_mtu = static_cast<int>(mtu);
  if (ioctl(socket->get(), SIOCSIFMTU, &*request) == 0) return {};
  return system_failure("cannot set the MTU of " + name + " to " + std::to_string(mtu), errno);
}

Result<void> TunDevice::lengthen_queue() const {
  if (!made_here_) return {};
  const auto interface = identify(queues_[0].get());
  if (!interface) return tl::unexpected(interface.error());
  return set_queue_length(queues_[0].get(), name_in(*interface), kTunQueueLength);
}

Result<void> TunDevice::keep_silent() const {
  if (!made_here_) return {};
  const auto interface = identify(queues_[0].get());
  if (!interface) return tl::unexpected(interface.error());
  const std::string name = name_in(*interface);
  auto v6 = forbid_kernel_made_addresses(queues_[0].get(), name);
  auto v4 = forbid_redirects(queues_[0].get(), name);
  return v6 ? v4 : v6;
}

bool TunDevice::turn_redirects_off_for_all() const {
  return !made_here_ || forbid_redirects_of_all();
}

bool TunDevice::still_exists() const {
  auto interface = identify(queues_[0].get());
  return interface || interface.error().code != EBADFD;
}

}  // namespace wring
