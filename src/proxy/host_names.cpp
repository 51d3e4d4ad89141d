// A memfd, and inotify.
#include "proxy/host_names.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/whole_file.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kMaxSize = std::size_t{64} << 10;

}  // namespace

Result<HostNames> HostNames::create(std::string file, std::atomic<std::uint64_t>& version) {
  UniqueFd copy(memfd_create("resolv.conf", MFD_CLOEXEC));
  if (!copy) return system_failure("cannot make a file in memory", errno);
  auto watch = run::FileWatch::create();
  if (!watch) return tl::unexpected(watch.error());
  HostNames made(std::move(file), version, std::move(copy), std::move(*watch));
  made.read();
  return made;
}

HostNames::HostNames(std::string file, std::atomic<std::uint64_t>& version, UniqueFd copy,
                     run::FileWatch watch)
    : file_(std::move(file)), version_(version), copy_(std::move(copy)), watch_(std::move(watch)) {}

std::string HostNames::path() const {
  return "/proc/self/fd/" + std::to_string(copy_.get());
}

Result<void> HostNames::follow(EventLoop& loop) {
  auto added =
      loop.add(watch_.fd(), EPOLLIN, [this](std::uint32_t) { watch_.take(SystemClock().now()); });
  if (!added) return added;
  auto watched = watch_.watch({file_});
  // It may have changed since it was read.
  read();
  return watched;
}

void HostNames::look_after(TimePoint now) {
  if (now < watch_.due() || !watch_.has_changed()) return;
  watch_.remember();
  read();
  // If so, it is due again.
  static_cast<void>(watch_.changed_meanwhile(now));
}

// Who reads the copy meanwhile reads it again, because the version comes last.
void HostNames::read() {
  const auto text = read_whole_file(file_, kMaxSize);
  const std::string now = text ? *text : "";
  if (now == text_) return;
  const ssize_t written = pwrite(copy_.get(), now.data(), now.size(), 0);
  if (written != static_cast<ssize_t>(now.size())) return;
  if (ftruncate(copy_.get(), static_cast<off_t>(now.size())) != 0) return;
  text_ = now;
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace wring::proxy
