#include "cli/syslog_sink.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "process/system_call_filter.h"
#include "tests/support/temporary_folder.h"

namespace wring {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// A log that is there as long as this object is.
class Listener {
 public:
  explicit Listener(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(path.c_str());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  // The next line; empty if none has come.
  [[nodiscard]] std::string line() const {
    std::array<char, 1024> buffer{};
    const ssize_t size = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return {buffer.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
  }
  // The same, and who sent it: its name and how long that is.
  [[nodiscard]] std::string line_from(sockaddr_un& from) {
    std::array<char, 1024> buffer{};
    from_size_ = sizeof from;
    const ssize_t size = recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                  reinterpret_cast<sockaddr*>(&from), &from_size_);
    return {buffer.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
  }
  // Sends to whom line_from() named; returns 0 or the errno.
  [[nodiscard]] int answer(const sockaddr_un& to) const {
    const ssize_t sent = sendto(fd_.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&to), from_size_);
    return sent == 1 ? 0 : errno;
  }

 private:
  UniqueFd fd_;
  socklen_t from_size_ = 0;
};

// Our descriptor of that name, or -1.
int socket_of(const sockaddr_un& name) {
  constexpr int kDescriptors = 256;
  for (int fd = 0; fd < kDescriptors; ++fd) {
    sockaddr_un its{};
    socklen_t size = sizeof its;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&its), &size) == 0 &&
        its.sun_family == AF_UNIX && std::memcmp(&its, &name, sizeof its) == 0) {
      return fd;
    }
  }
  return -1;
}

class SyslogSinkTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/log";
  std::shared_ptr<SyslogSink> sink_ = std::make_shared<SyslogSink>("wring-wg0", path_);
  spdlog::logger log_{"test", sink_};
};

TEST_F(SyslogSinkTest, a_line_looks_as_the_c_library_writes_it) {
  const Listener listener(path_);
  log_.warn("port {} is taken", 51820);
  EXPECT_THAT(listener.line(),
              MatchesRegex("<28>[A-Z][a-z][a-z] [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] "
                           "wring-wg0\\[[0-9]+\\]: port 51820 is taken"));
  log_.error("x");
  EXPECT_THAT(listener.line(), HasSubstr("<27>"));
  log_.info("x");
  EXPECT_THAT(listener.line(), HasSubstr("<30>"));
}

TEST_F(SyslogSinkTest, it_tells_whether_anybody_listens) {
  EXPECT_FALSE(sink_->has_listener());
  const Listener listener(path_);
  EXPECT_TRUE(sink_->has_listener());
}

TEST_F(SyslogSinkTest, a_log_that_was_started_anew_gets_what_follows) {
  {
    const Listener first(path_);
    log_.warn("one");
    EXPECT_THAT(first.line(), HasSubstr("one"));
  }
  log_.warn("two");
  const Listener second(path_);
  log_.warn("three");
  EXPECT_THAT(second.line(), HasSubstr("1 lines were lost here"));
  EXPECT_THAT(second.line(), HasSubstr("three"));
}

TEST_F(SyslogSinkTest, it_does_not_wait_for_a_log_that_is_full) {
  const Listener listener(path_);
  constexpr int kMoreThanTheQueueHolds = 5000;  // net.unix.max_dgram_qlen is 10 to 512
  for (int i = 0; i < kMoreThanTheQueueHolds; ++i)
    log_.warn("again");
  int arrived = 0;
  while (!listener.line().empty())
    ++arrived;
  EXPECT_LT(arrived, kMoreThanTheQueueHolds);
  log_.warn("last");
  EXPECT_THAT(listener.line(), HasSubstr("lines were lost here"));
  EXPECT_THAT(listener.line(), HasSubstr("last"));
}

TEST_F(SyslogSinkTest, its_socket_takes_no_name_and_no_answer) {
  Listener listener(path_);
  log_.warn("question");
  sockaddr_un from{};
  EXPECT_THAT(listener.line_from(from), HasSubstr("question"));
  // A thread that was taken over knows descriptors by their numbers.
  const int socket = socket_of(from);
  ASSERT_GE(socket, 0);
  sockaddr_un other{};
  other.sun_family = AF_UNIX;
  (folder_.path() + "/mine").copy(other.sun_path, sizeof other.sun_path - 1);
  EXPECT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&other), sizeof other), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(listener.answer(from), EPIPE);
}

TEST_F(SyslogSinkTest, a_confined_thread_may_log_and_the_log_may_be_new) {
  for (const ThreadRole role :
       {ThreadRole::kControl, ThreadRole::kWorker, ThreadRole::kHandshakes}) {
    std::optional<Listener> listener(path_);
    int go[2];
    ASSERT_EQ(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
      pollfd told{go[0], POLLHUP, 0};
      close(go[1]);
      poll(&told, 1, -1);
      const bool filtered = filter_system_calls(role).has_value();
      log_.warn("from a confined thread");
      _exit(filtered ? 0 : 1);
    }
    close(go[0]);
    listener.reset();
    listener.emplace(path_);
    close(go[1]);
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_THAT(listener->line(), HasSubstr("from a confined thread"));
  }
}

}  // namespace
}  // namespace wring
