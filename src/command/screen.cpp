// Waits for seconds and signals, and keeps the terminal.
#include "command/screen.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

namespace wring::command {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // a screen apart, without a cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H\x1b[J";

// The signals that the screen reacts to, blocked and readable as a descriptor.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH})
      sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
    fd_.reset(signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The next one that came; 0 if there is none.
  [[nodiscard]] int next() const {
    signalfd_siginfo info;
    return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo)
                                                                : 0;
  }

 private:
  sigset_t set_;
  sigset_t before_;
  UniqueFd fd_;
};

// A piece of text for the terminal itself. If it does not get there, nothing else will.
void tell_terminal(std::string_view text) {
  Output output(STDOUT_FILENO);
  output << text;
  static_cast<void>(output.finish());
}

class Screen {
 public:
  Screen() : is_terminal_(isatty(STDOUT_FILENO) == 1) { enter(); }
  ~Screen() { leave(); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  [[nodiscard]] Result<void> draw(const std::function<Result<void>(Output&)>& what) const {
    Output output(STDOUT_FILENO);
    if (is_terminal_) output << kHome;
    if (is_terminal_) output.limit_lines(height());
    if (auto drawn = what(output); !drawn) return drawn;
    return output.finish();
  }
  // As a program that does not know the signal: stopped, and later it goes on.
  void stop() const {
    leave();
    ::kill(getpid(), SIGSTOP);
    enter();
  }

 private:
  void enter() const {
    if (is_terminal_) tell_terminal(kEnter);
  }
  void leave() const {
    if (is_terminal_) tell_terminal(kLeave);
  }
  // Lines that fit. The last one is left empty, because its end would move all others up.
  [[nodiscard]] static std::size_t height() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1;
    return known ? size.ws_row - 1U : 24U;
  }

  const bool is_terminal_;
};

UniqueFd second_timer() {
  UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const itimerspec each_second{{1, 0}, {1, 0}};
  if (timer && timerfd_settime(timer.get(), 0, &each_second, nullptr) != 0) timer.reset();
  return timer;
}

}  // namespace

Result<void> redraw_each_second(const std::function<Result<void>(Output&)>& draw) {
  const Signals signals;
  const UniqueFd timer = second_timer();
  if (signals.fd() < 0 || !timer) return system_failure("cannot wait for a second", errno);
  const Screen screen;
  while (true) {
    if (auto drawn = screen.draw(draw); !drawn) return drawn;
    std::array<pollfd, 2> events = {{{timer.get(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) {
      return system_failure("cannot wait for a second", errno);
    }
    std::uint64_t ticks = 0;
    (void)!::read(timer.get(), &ticks, sizeof ticks);
    while (const int signal = signals.next()) {
      if (signal == SIGTSTP) {
        screen.stop();
      } else if (signal != SIGWINCH) {
        return {};
      }
    }
  }
}

}  // namespace wring::command
