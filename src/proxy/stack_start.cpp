// Forks: for the stack, and to try what is allowed here.
#include "proxy/stack_start.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "exec/channel.h"
#include "exec/namespaces.h"
#include "stack/control.h"
#include "stack/stack_process.h"

namespace wring::proxy {
namespace {

using exec::Channel;
using exec::Message;

// That of wireproxy. Nobody tells the way's.
constexpr unsigned kDefaultMtu = 1420;
constexpr unsigned kMostMtu = 9000;  // lwIP's segments are not larger

[[noreturn]] void end_with(const Channel& channel, const Result<void>& ended) {
  Message last;
  last.kind = ended ? Message::Kind::kEnded : Message::Kind::kFailed;
  if (!ended) last.text = ended.error().message;
  // If nobody hears it, nobody misses us.
  static_cast<void>(channel.send(last));
  _exit(ended ? EXIT_SUCCESS : EXIT_FAILURE);
}

void wait_for(pid_t child) {
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR)
    continue;
}

// The process has nothing but these, and what it says goes to stderr if `speaks`. Its parent's
// streams may be a client's, who waits for their end.
void keep_only(std::vector<int> kept, bool speaks) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (stream != STDERR_FILENO || !speaks) dup2(null, stream);
    kept.push_back(stream);
  }
  std::ranges::sort(kept);
  int next = 0;
  for (const int each : kept) {
    if (each > next) close_range(static_cast<unsigned>(next), static_cast<unsigned>(each - 1), 0);
    next = std::max(next, each + 1);
  }
  close_range(static_cast<unsigned>(next), ~0U, 0);
}

unsigned mtu_of(const config::TunnelConfig& tunnel) {
  return tunnel.interface.mtu ? std::min<unsigned>(tunnel.interface.mtu->value, kMostMtu)
                              : kDefaultMtu;
}

Result<void> try_kernels_stack() {
  if (auto made = exec::make_user_namespace(); !made) return made;
  if (auto made = exec::make_network_namespace(); !made) return made;
  auto interface = exec::make_inner_interface("wg0");
  if (!interface) return tl::unexpected(interface.error());
  return {};
}

}  // namespace

Result<StackProcess> StackProcess::start(const config::TunnelConfig& tunnel, bool speaks,
                                         const std::function<void()>& forget) {
  auto ends = Channel::pair();
  if (!ends) return tl::unexpected(ends.error());
  auto packets = stack::make_pair(SOCK_SEQPACKET);
  auto requests = stack::make_pair(SOCK_SEQPACKET);
  if (!packets.first || !requests.first) return system_failure("cannot make sockets", errno);
  StackProcess made;
  made.pid_ = fork();
  if (made.pid_ < 0) {
    made.pid_ = 0;
    return system_failure("cannot start a process", errno);
  }
  if (made.pid_ == 0) {
    forget();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Ctrl-C is for the parent alone.
    for (const int number : {SIGPIPE, SIGINT, SIGQUIT, SIGHUP})
      ::signal(number, SIG_IGN);
    keep_only({packets.second.get(), requests.second.get(), ends->second.fd()}, speaks);
    stack::StackTask task;
    for (const auto& each : tunnel.interface.addresses)
      task.addresses.push_back(each.value.address);
    task.mtu = mtu_of(tunnel);
    task.packets = std::move(packets.second);
    task.requests = std::move(requests.second);
    task.on_ready = [&ends] { static_cast<void>(ends->second.send(Message{})); };
    end_with(ends->second, stack::run_stack(std::move(task)));
  }
  { const Channel theirs = std::move(ends->second); }
  const auto ready = ends->first.receive();
  if (!ready) return tl::unexpected(ready.error());
  if (ready->kind != Message::Kind::kReady) return failure(ready->text);
  made.requests_ = std::move(requests.first);
  // The relay blocks for the moment in which the stack does not listen.
  stack::make_blocking(made.requests_.get());
  made.interface_ = {
      exec::InnerInterface::Kind::kStack, std::move(packets.first), {}, mtu_of(tunnel)};
  return made;
}

StackProcess& StackProcess::operator=(StackProcess&& other) noexcept {
  if (this == &other) return *this;
  stop();
  pid_ = std::exchange(other.pid_, 0);
  requests_ = std::move(other.requests_);
  interface_ = std::move(other.interface_);
  return *this;
}

void StackProcess::stop() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  wait_for(std::exchange(pid_, 0));
}

StackChoice choose_stack(StackKind wanted) {
  if (wanted != StackKind::kAuto) return {wanted == StackKind::kLwip, "--stack asks for it"};
  if (!stack::is_built_in()) return {false, "this program was built without lwIP"};
  auto ends = Channel::pair();
  const pid_t child = ends ? fork() : -1;
  if (child < 0) return {false, "no process could be started to try another"};
  if (child == 0) {
    { const Channel ours = std::move(ends->first); }
    end_with(ends->second, try_kernels_stack());
  }
  { const Channel theirs = std::move(ends->second); }
  const auto tried = ends->first.receive();
  wait_for(child);
  if (tried && tried->kind == Message::Kind::kEnded) return {false, "namespaces are allowed"};
  return {true, "the kernel's is refused: " + (tried ? tried->text : tried.error().message)};
}

}  // namespace wring::proxy
