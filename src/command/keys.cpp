// Makes keys and prints them.
#include "command/keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/rng.h"
#include "command/key_file.h"
#include "command/output.h"
#include "crypto/keys.h"

namespace wring::command {
namespace {

// Goes on all the same, as `wg` does.
void warn_of_readers() {
  struct stat info {};
  if (fstat(STDOUT_FILENO, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IRWXO) != 0) {
    std::fputs(
        "Warning: writing to world accessible file.\n"
        "Consider setting the umask to 077 and trying again.\n",
        stderr);
  }
}

Result<int> print_key(const Bytes<32>& key) {
  Output output(STDOUT_FILENO);
  output << key << "\n";
  if (auto written = output.finish(); !written) return tl::unexpected(written.error());
  return EXIT_SUCCESS;
}

}  // namespace

Action describe_genkey(CLI::App&) {
  return [] {
    warn_of_readers();
    SystemRng rng;
    return print_key(generate_private_key(rng).reveal());
  };
}

Action describe_genpsk(CLI::App&) {
  return [] {
    warn_of_readers();
    SystemRng rng;
    PresharedKey key;
    rng.fill(key.writable());
    return print_key(key.reveal());
  };
}

Action describe_pubkey(CLI::App&) {
  return []() -> Result<int> {
    PrivateKey key;
    if (auto read = read_key(STDIN_FILENO, "stdin", key.writable()); !read) {
      return tl::unexpected(read.error());
    }
    return print_key(derive_public_key(key).bytes);
  };
}

}  // namespace wring::command
