// A pipe, by which the parent waits for its child.
#include "proxy/background.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/unique_fd.h"

namespace wring::proxy {
namespace {

[[noreturn]] void await(const UniqueFd& child) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = read(child.get(), &byte, 1);
  } while (got < 0 && errno == EINTR);
  _exit(got == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

constexpr std::size_t kMostKept = 64U << 10;

}  // namespace

Result<std::function<void()>> leave_for_background() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure("cannot make a pipe", errno);
  UniqueFd from_child(ends[0]);
  const auto to_parent = std::make_shared<UniqueFd>(ends[1]);
  const pid_t child = fork();
  if (child < 0) return system_failure("cannot go to the background", errno);
  if (child > 0) {
    to_parent->reset();
    await(from_child);
  }
  setsid();
  return [to_parent] {
    let_go_of({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
    const char byte = 0;
    // A parent that was interrupted does not hear it.
    [[maybe_unused]] const ssize_t heard = write(to_parent->get(), &byte, 1);
    to_parent->reset();
  };
}

void let_go_of(std::initializer_list<int> streams) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return;
  for (const int stream : streams)
    dup2(null.get(), stream);
}

KeptStderr::KeptStderr()
    : before_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)),
      kept_(memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  // Nobody reads it once all is up, so it must not grow.
  if (!before_ || ftruncate(kept_.get(), kMostKept) != 0 ||
      fcntl(kept_.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0 ||
      dup2(kept_.get(), STDERR_FILENO) != STDERR_FILENO) {
    kept_.reset();
  }
}

KeptStderr::~KeptStderr() {
  if (!kept_) return;
  dup2(before_.get(), STDERR_FILENO);
  std::string text(kMostKept, '\0');
  const ssize_t got = pread(kept_.get(), text.data(), text.size(), 0);
  if (got <= 0) return;
  [[maybe_unused]] const ssize_t said =
      write(STDERR_FILENO, text.data(), std::strlen(text.c_str()));
}

}  // namespace wring::proxy
