// unshare(), one namespace after the other, so that the error tells which was refused.
#include "exec/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>

#include "exec/refusals.h"

namespace wring::exec {
namespace {

// Limits are looked at before there is a user namespace, in which they are others.
class Refusals {
 public:
  [[nodiscard]] tl::unexpected<Error> operator()(Step step, int error) const {
    return tl::unexpected(explain(step, error, around_));
  }

 private:
  Surroundings around_ = look_around();
};

// 0 or an errno.
int write_to(const char* path, std::string_view text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

// One user and one group, each under its own number.
Result<void> map_self(uid_t user, gid_t group, const Refusals& refused) {
  const auto line = [](unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1";
  };
  // Where groups can be dropped, a file that shuts out a group would let its members in.
  if (const int error = write_to("/proc/self/setgroups", "deny"); error != 0) {
    return refused(Step::kUserMap, error);
  }
  if (const int error = write_to("/proc/self/uid_map", line(user)); error != 0) {
    return refused(Step::kUserMap, error);
  }
  if (const int error = write_to("/proc/self/gid_map", line(group)); error != 0) {
    return refused(Step::kUserMap, error);
  }
  return {};
}

Result<void> make_user_namespace(const Refusals& refused) {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER) != 0) return refused(Step::kUser, errno);
  return map_self(user, group, refused);
}

}  // namespace

Result<void> make_user_namespace() {
  return make_user_namespace(Refusals());
}

Result<void> make_network_namespace() {
  if (unshare(CLONE_NEWNET) == 0) return {};
  return tl::unexpected(explain(Step::kNetwork, errno, look_around()));
}

void let_ping_open_sockets() {
  std::ofstream range("/proc/sys/net/ipv4/ping_group_range");
  range << getegid() << " " << getegid();
}

void let_all_ports_be_bound() {
  std::ofstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") << 0;
}

void let_ports_be_used_again() {
  std::ofstream("/proc/sys/net/ipv4/tcp_tw_reuse") << 1;
}

Result<void> make_namespaces() {
  const Refusals refused;
  if (auto made = make_user_namespace(refused); !made) return made;
  if (unshare(CLONE_NEWNS) != 0) return refused(Step::kMount, errno);
  if (mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) {
    return refused(Step::kMountChange, errno);
  }
  if (unshare(CLONE_NEWNET) != 0) return refused(Step::kNetwork, errno);
  return {};
}

Result<Namespaces> own_namespaces() {
  Namespaces own;
  own.user.reset(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
  own.mount.reset(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  own.network.reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (own.user && own.mount && own.network) return own;
  return system_failure("cannot open a namespace in /proc/self/ns", errno, "mount /proc");
}

}  // namespace wring::exec
