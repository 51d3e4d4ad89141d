#include "cli/syslog_sink.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
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

 private:
  UniqueFd fd_;
};

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
