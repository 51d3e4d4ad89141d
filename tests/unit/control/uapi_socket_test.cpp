#include "control/uapi_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace wring {
namespace {

using test::TemporaryFolder;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

bool exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

int connect_to(const std::string& path) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

// Leaves a socket file behind as a killed process does.
void leave_stale_socket(const std::string& interface, const std::string& folder) {
  const std::string path = folder + "/" + interface + ".sock";
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

class Umask {
 public:
  explicit Umask(mode_t mask) : old_(umask(mask)) {}
  ~Umask() { umask(old_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t old_;
};

TEST(UapiSocket, folder_is_0700_and_socket_0600_under_any_umask) {  // P35
  for (const mode_t mask : {0000U, 0022U, 0077U, 0277U}) {
    const TemporaryFolder root;
    const Umask set(mask);
    const std::string folder = root.path() + "/wireguard";
    const auto socket = UapiSocket::open("wg0", folder);
    ASSERT_TRUE(socket) << socket.error().message;
    EXPECT_EQ(mode_of(folder), 0700U);
    EXPECT_EQ(mode_of(folder + "/wg0.sock"), 0600U);
    EXPECT_EQ(connect_to(folder + "/wg0.sock"), 0);
  }
}

TEST(UapiSocket, a_folder_that_is_open_to_others_is_closed) {  // P35
  const TemporaryFolder root;
  chmod(root.path().c_str(), 0777);
  ASSERT_TRUE(UapiSocket::open("wg0", root.path()));
  EXPECT_EQ(mode_of(root.path()), 0700U);
}

TEST(UapiSocket, a_stale_socket_is_taken_over) {  // P35
  const TemporaryFolder root;
  const std::string path = root.path() + "/wg0.sock";
  leave_stale_socket("wg0", root.path());
  ASSERT_EQ(connect_to(path), ECONNREFUSED);
  const auto socket = UapiSocket::open("wg0", root.path());
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(connect_to(path), 0);
}

TEST(UapiSocket, a_live_socket_is_refused_and_stays) {  // P35
  const TemporaryFolder root;
  const auto first = UapiSocket::open("wg0", root.path());
  const auto second = UapiSocket::open("wg0", root.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_EQ(connect_to(root.path() + "/wg0.sock"), 0);
  EXPECT_TRUE(UapiSocket::open("wg1", root.path()));
}

TEST(UapiSocket, a_live_socket_with_a_full_backlog_is_refused) {
  const TemporaryFolder root;
  const auto first = UapiSocket::open("wg0", root.path());
  ASSERT_EQ(listen(first->fd(), 0), 0);
  ASSERT_EQ(connect_to(root.path() + "/wg0.sock"), 0);
  EXPECT_EQ(UapiSocket::open("wg0", root.path()).error().code, EADDRINUSE);
}

TEST(UapiSocket, something_else_in_the_way_is_left_alone) {
  const TemporaryFolder root;
  const std::string path = root.path() + "/wg0.sock";
  std::ofstream(path) << "precious";
  EXPECT_EQ(UapiSocket::open("wg0", root.path()).error().code, EEXIST);
  EXPECT_TRUE(exists(path));
}

TEST(UapiSocket, a_bad_name_or_folder_is_an_error) {
  const TemporaryFolder root;
  EXPECT_EQ(UapiSocket::open("", root.path()).error().code, EINVAL);
  EXPECT_EQ(UapiSocket::open("../wg0", root.path()).error().code, EINVAL);
  EXPECT_EQ(UapiSocket::open("wg0", root.path() + "/a/b").error().code, ENOENT);
  EXPECT_EQ(UapiSocket::open("wg0", root.path() + std::string(120, 'x')).error().code,
            ENAMETOOLONG);
}

TEST(UapiSocket, its_file_goes_with_it_but_not_that_of_a_successor) {
  const TemporaryFolder root;
  const std::string path = root.path() + "/wg0.sock";
  { const auto socket = UapiSocket::open("wg0", root.path()); }
  EXPECT_FALSE(exists(path));
  auto first = UapiSocket::open("wg0", root.path());
  unlink(path.c_str());
  const auto second = UapiSocket::open("wg0", root.path());
  first = failure("gone");
  EXPECT_EQ(connect_to(path), 0);
  EXPECT_TRUE(std::filesystem::is_socket(path));
}

TEST(UapiSocket, deleting_or_replacing_the_file_is_noticed) {  // P35
  const TemporaryFolder root;
  const std::string path = root.path() + "/wg0.sock";
  auto socket = UapiSocket::open("wg0", root.path());
  EXPECT_FALSE(socket->file_is_gone());
  chmod(path.c_str(), 0600);
  EXPECT_FALSE(socket->file_is_gone());
  unlink(path.c_str());
  EXPECT_TRUE(socket->file_is_gone());

  auto replaced = UapiSocket::open("wg0", root.path());
  leave_stale_socket("wg1", root.path());
  std::filesystem::rename(root.path() + "/wg1.sock", path);
  EXPECT_TRUE(replaced->file_is_gone());
}

TEST(UapiSocket, a_listening_socket_can_be_handed_in) {  // P41
  const TemporaryFolder root;
  const std::string path = root.path() + "/given.sock";
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(UapiSocket::adopt(UniqueFd(dup(fd.get()))).error().code, EINVAL) << "not listening";
  ASSERT_EQ(listen(fd.get(), 4), 0);
  auto adopted = UapiSocket::adopt(std::move(fd));
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_NE(fcntl(adopted->fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(adopted->fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_FALSE(adopted->file_is_gone());
  unlink(path.c_str());
  EXPECT_TRUE(adopted->file_is_gone());
}

TEST(UapiSocket, what_is_no_unix_socket_of_use_cannot_be_handed_in) {
  EXPECT_EQ(UapiSocket::adopt(UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0))).error().code, EINVAL);
  EXPECT_EQ(UapiSocket::adopt(UniqueFd(open("/dev/null", O_RDONLY))).error().code, ENOTSOCK);
  EXPECT_EQ(UapiSocket::adopt(UniqueFd(socket(AF_INET, SOCK_STREAM, 0))).error().code, EINVAL);
  EXPECT_EQ(UapiSocket::adopt(UniqueFd()).error().code, EBADF);
}

}  // namespace
}  // namespace wring
