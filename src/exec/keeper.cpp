// Set-up in order, then a loop over the command's states and the supervisor's wishes.
#include "exec/keeper.h"

#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/event_loop.h"
#include "exec/children.h"
#include "exec/inner_interface.h"
#include "exec/namespaces.h"
#include "exec/room.h"
#include "exec/start_program.h"

namespace wring::exec {
namespace {

using Kind = Message::Kind;

constexpr std::chrono::seconds kGrace{1};

// Only after a fork.
[[noreturn]] void become_command(const KeeperOptions& options, pid_t keeper) {
  sigprocmask(SIG_SETMASK, &options.signals, nullptr);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != keeper) _exit(EXIT_FAILURE);
  become_program(options.command, "wring exec");
}

// Whether such a signal came to this process, too, which blocks all. Who sends one to the
// supervisor alone, from wherever, leaves none here. A process group gets it from its newest
// process on, so it is here before the supervisor can read its own.
bool was_for_all(int number) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  constexpr timespec kNow{};
  return sigtimedwait(&one, nullptr, &kNow) == number;
}

// What came before there was a command.
void forget_signals() {
  sigset_t all;
  sigfillset(&all);
  sigdelset(&all, SIGCHLD);
  constexpr timespec kNow{};
  while (sigtimedwait(&all, nullptr, &kNow) > 0)
    continue;
}

class Keeper {
 public:
  Keeper(const Channel& channel, KeeperOptions& options) : channel_(channel), options_(options) {}

  // Returns once the command has ended, or the supervisor.
  Result<void> run();

 private:
  Result<void> make();
  Result<void> await_start() const;
  Result<void> start_command();
  Result<void> serve();
  void look_after_children();
  void take_messages();
  void pass_on(int number) const;
  void signal_supervisor(int number) const;
  void tell(Kind kind, int number) const;

  const Channel& channel_;
  KeeperOptions& options_;
  UniqueFd resolv_conf_;
  pid_t command_ = 0;
  pid_t supervisor_ = getppid();
  std::optional<int> status_;  // exit status of the command
  bool alone_ = false;         // the supervisor is gone
};

Result<void> Keeper::run() {
  if (auto made = make(); !made) return made;
  if (auto started = await_start(); !started) {
    if (!options_.room.empty()) remove_room(options_.room);
    return started;
  }
  if (auto started = start_command(); !started) return started;
  auto served = serve();
  end_children(alone_ || !served ? std::chrono::seconds(0) : kGrace);
  if (alone_ && !options_.room.empty()) remove_room(options_.room);
  if (status_) tell(Kind::kEnded, *status_);
  return served;
}

Result<void> Keeper::make() {
  if (auto made = make_namespaces(); !made) return made;
  auto interface = make_inner_interface(options_.interface);
  if (!interface) return tl::unexpected(interface.error());
  UniqueFd routing(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!routing) return system_failure("cannot make a netlink socket", errno);
  let_ping_open_sockets();
  auto covered = cover(options_.covers);
  if (!covered) return tl::unexpected(covered.error());
  resolv_conf_ = std::move(*covered);
  auto own = own_namespaces();
  if (!own) return tl::unexpected(own.error());
  Message ready;
  ready.number = static_cast<int>(interface->kind);
  for (UniqueFd* const each :
       {&interface->packets, &interface->netlink, &routing, &own->user, &own->mount, &own->network})
    ready.descriptors.push_back(std::move(*each));
  return channel_.send(ready);
}

Result<void> Keeper::await_start() const {
  const auto message = channel_.receive();
  if (!message) return tl::unexpected(message.error());
  const std::string& text = message->text;
  if (!resolv_conf_ && text.find("nameserver") != text.npos) {
    std::cerr << "wring exec: warning: there is no /etc/resolv.conf, or the link leads nowhere, so "
                 "the name servers of the tunnel are not used; make one"
              << std::endl;
  }
  if (resolv_conf_ && ::write(resolv_conf_.get(), text.data(), text.size()) < 0) {
    return system_failure("cannot write the resolv.conf inside", errno);
  }
  return give_up_capabilities();
}

Result<void> Keeper::start_command() {
  const pid_t keeper = getpid();
  forget_signals();
  command_ = fork();
  if (command_ < 0) return system_failure("cannot start a process", errno);
  if (command_ == 0) become_command(options_, keeper);
  // Only now, because a process with threads had better not fork.
  serve_in_threads(std::move(options_.ports));
  return {};
}

Result<void> Keeper::serve() {
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const UniqueFd signals(signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals) return system_failure("cannot make a signalfd", errno);
  auto watched = loop->add(signals.get(), EPOLLIN, [&](std::uint32_t) {
    signalfd_siginfo info;
    while (read(signals.get(), &info, sizeof info) == sizeof info)
      continue;
    look_after_children();
  });
  if (!watched) return watched;
  watched = loop->add(channel_.fd(), EPOLLIN, [this](std::uint32_t) { take_messages(); });
  if (!watched) return watched;
  look_after_children();
  while (!status_ && !alone_)
    loop->run_once(kNever);
  return {};
}

void Keeper::look_after_children() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
    if (pid != command_) continue;
    if (WIFSTOPPED(status)) {
      // A shell that started the supervisor sees a stopped job. From here, because the next
      // SIGCONT comes from here, too: the one cannot overtake the other.
      signal_supervisor(SIGSTOP);
    } else if (WIFCONTINUED(status)) {
      signal_supervisor(SIGCONT);  // who continued the command alone did not wake the supervisor
    } else {
      status_ = WIFSIGNALED(status) ? kEndedBySignal + WTERMSIG(status) : WEXITSTATUS(status);
      command_ = 0;
    }
  }
}

void Keeper::take_messages() {
  for (;;) {
    const auto message = channel_.receive_now();
    if (!message) alone_ = true;
    if (!message || !*message) return;
    if ((*message)->kind == Kind::kSignal) pass_on((*message)->number);
  }
}

// A shell, for example, has a process group of its own, and gets nothing that goes to ours.
void Keeper::pass_on(int number) const {
  const bool for_all = was_for_all(number);
  if (command_ == 0 || (for_all && getpgid(command_) == getpgrp())) return;
  kill(command_, number);
}

// Once it is gone, the parent is another process, which must not be stopped.
void Keeper::signal_supervisor(int number) const {
  if (getppid() == supervisor_) kill(supervisor_, number);
}

void Keeper::tell(Kind kind, int number) const {
  Message message;
  message.kind = kind;
  message.number = number;
  // If nobody hears it, the loop notices.
  if (!channel_.send(message)) return;
}

}  // namespace

void keep(const Channel& channel, KeeperOptions& options) {
  adopt_orphans();
  const auto ended = Keeper(channel, options).run();
  if (!ended) {
    Message failed;
    failed.kind = Kind::kFailed;
    failed.number = ended.error().code;
    failed.text = ended.error().message;
    if (!channel.send(failed)) _exit(EXIT_FAILURE);
  }
  _exit(ended ? EXIT_SUCCESS : EXIT_FAILURE);
}

}  // namespace wring::exec
