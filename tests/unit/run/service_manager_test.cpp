// Datagrams as sd_notify(3) describes them, at sockets with a path and at abstract ones.
#include "run/service_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

using std::chrono::seconds;

class ServiceManagerTest : public testing::Test {
 protected:
  ~ServiceManagerTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
      unsetenv(name);
  }
  // '@' begins the name of an abstract socket.
  void listen_at(const std::string& name) {
    sockaddr_un address{AF_UNIX, {}};
    std::copy(name.begin(), name.end(), address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(sizeof(sa_family_t) + name.size());
    ASSERT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  std::string heard() {
    char text[256];
    const ssize_t size = recv(socket_.get(), text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }
  ServiceManager manager() {
    return ServiceManager::from_environment(
        [this](const std::string& line) { complaints_.push_back(line); });
  }

  test::TemporaryFolder folder_;
  UniqueFd socket_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::vector<std::string> complaints_;
};

TEST_F(ServiceManagerTest, states_are_told_at_a_path) {
  listen_at(folder_.path() + "/notify");
  auto told = manager();
  told.is_ready("wg0 is up");
  EXPECT_EQ(heard(), "READY=1\nSTATUS=wg0 is up");
  told.is_ready("one\nMAINPID=1");
  EXPECT_EQ(heard(), "READY=1\nSTATUS=one MAINPID=1");
  told.is_well();
  EXPECT_EQ(heard(), "WATCHDOG=1");
  told.is_reloading();
  EXPECT_EQ(heard().substr(0, 27), "RELOADING=1\nMONOTONIC_USEC=");
  told.is_stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
  EXPECT_TRUE(complaints_.empty());
}

TEST_F(ServiceManagerTest, an_abstract_socket_is_found_by_its_exact_name) {
  listen_at("@wring-test/" + std::to_string(getpid()));
  manager().is_stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(ServiceManagerTest, nobody_else_finds_the_manager) {
  listen_at(folder_.path() + "/notify");
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  const auto told = manager();
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    EXPECT_EQ(getenv(name), nullptr) << name;
}

TEST_F(ServiceManagerTest, the_watchdog_of_another_process_is_not_ours) {
  setenv("WATCHDOG_USEC", "3000000", 1);
  EXPECT_EQ(manager().patience(), Duration(seconds(3)));
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(manager().patience(), std::nullopt);
  setenv("WATCHDOG_USEC", "7200000000", 1);
  EXPECT_EQ(manager().patience(), Duration(seconds(7200)));
  setenv("WATCHDOG_USEC", "0", 1);
  EXPECT_EQ(manager().patience(), std::nullopt);
}

TEST_F(ServiceManagerTest, a_manager_that_is_gone_is_complained_of_once) {
  setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
  auto told = manager();
  told.is_ready("wg0 is up");
  told.is_stopping();
  EXPECT_EQ(complaints_, std::vector<std::string>{
                             "cannot tell the service manager at /nowhere/notify: No such file or "
                             "directory; unset NOTIFY_SOCKET if there is none"});
}

TEST_F(ServiceManagerTest, without_a_manager_nothing_is_told) {
  auto told = manager();
  told.is_ready("wg0 is up");
  told.is_well();
  EXPECT_EQ(told.patience(), std::nullopt);
  EXPECT_TRUE(complaints_.empty());
}

TEST_F(ServiceManagerTest, a_word_that_is_no_address_is_named) {
  setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
  manager().is_well();
  ASSERT_EQ(complaints_.size(), 1U);
  EXPECT_EQ(complaints_.front(),
            "NOTIFY_SOCKET=vsock:2:1: not the address of a service manager; unset it, or start "
            "this by systemd");
}

}  // namespace
}  // namespace wring::run
