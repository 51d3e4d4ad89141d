// Empties the sets of capabilities, and executes.
#include "exec/start_program.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "process/privileges.h"

namespace wring::exec {

// The bounding set stays, because the kernel runs no program with capabilities in its file, ping
// for example, where it may not have them.
Result<void> give_up_capabilities() {
  if (auto dropped = drop_all_capabilities(); !dropped) return dropped;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) {
    return {};
  }
  return system_failure("cannot give up privileges", errno);
}

void become_program(std::vector<std::string> words, const char* who) {
  constexpr int kNotExecutable = 126;
  constexpr int kNotFound = 127;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execvp(pointers.front(), pointers.data());
  const int error = errno;
  std::fprintf(stderr, "%s: cannot run %s: %s\n", who, pointers.front(), std::strerror(error));
  _exit(error == ENOENT ? kNotFound : kNotExecutable);
}

}  // namespace wring::exec
