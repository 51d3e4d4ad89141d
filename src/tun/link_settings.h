// Settings of an interface of ours, made over netlink. An ioctl would ask for CAP_NET_ADMIN in the
// first user namespace (SIOCSIFTXQLEN does); netlink asks for it in the interface's own.
#pragma once

#include <string>

#include "base/result.h"

namespace wring {

// All of these are for the start, before the thread is confined. `name` is the interface's present
// name. The first three act in the network namespace in which the interface is now; they need
// CAP_NET_ADMIN there. Errors carry the kernel's errno.

// How many packets the kernel holds for a reader that is late.
[[nodiscard]] Result<void> set_queue_length(int tun_fd, const std::string& name, unsigned packets);

// The kernel gives the interface no IPv6 address by itself. Without a link-local address it sends
// neither router solicitations nor IPv6 redirects. Addresses that are there already stay.
// Succeeds where there is no IPv6.
[[nodiscard]] Result<void> forbid_kernel_made_addresses(int tun_fd, const std::string& name);

// The kernel sends no IPv4 redirects because of this interface, if those of all interfaces
// ("conf/all") are off, too: forbid_redirects_of_all(). Succeeds where there is no IPv4.
[[nodiscard]] Result<void> forbid_redirects(int tun_fd, const std::string& name);

// Turns IPv4 redirects off for all interfaces of this process's network namespace. The kernel sends
// them if either "all" or the interface has them on. False if /proc does not let us, and then a
// hub goes on sending redirects.
[[nodiscard]] bool forbid_redirects_of_all();

}  // namespace wring
