// A network namespace of the test's own, so that it may make interfaces and leaves none behind.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/unique_fd.h"

namespace wring::test {

// Runs a command of iproute2; true if it succeeded.
inline bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// The calling thread is in a fresh namespace, with lo up, for as long as this lives.
class PrivateNamespace {
 public:
  PrivateNamespace() : outside_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    entered_ = geteuid() == 0 && unshare(CLONE_NEWNET) == 0 && run("ip link set lo up");
  }
  ~PrivateNamespace() {
    if (setns(outside_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  PrivateNamespace(const PrivateNamespace&) = delete;
  PrivateNamespace& operator=(const PrivateNamespace&) = delete;
  [[nodiscard]] bool entered() const { return entered_; }

 private:
  UniqueFd outside_;
  bool entered_ = false;
};

// A second namespace, with a name, that commands of iproute2 can move an interface to.
class NamedNamespace {
 public:
  explicit NamedNamespace(const std::string& suffix = "")
      : name_("wring-test-" + std::to_string(getpid()) + suffix) {
    made_ = run("ip netns add " + name_);
  }
  ~NamedNamespace() { run("ip netns del " + name_); }
  NamedNamespace(const NamedNamespace&) = delete;
  NamedNamespace& operator=(const NamedNamespace&) = delete;
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  bool made_ = false;
};

class NamespaceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!namespace_.entered()) GTEST_SKIP() << "needs root, to make a network namespace";
    if (access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/net/tun";
  }

 private:
  PrivateNamespace namespace_;
};

}  // namespace wring::test
