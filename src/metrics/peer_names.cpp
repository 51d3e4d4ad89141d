// Reads names out of configurations, and keeps no key of them.
#include "metrics/peer_names.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/unique_fd.h"
#include "config/parser.h"

namespace wring::metrics {
namespace {

// In bytes. 100,000 peers take some 20 MB.
constexpr off_t kMaxSize = 64 << 20;

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// All of a file of that size, or as much as there is. No copy of a key stays behind: the memory
// does not grow.
std::string text_of(int file, off_t size) {
  std::string text(static_cast<std::size_t>(size), '\0');
  std::size_t had = 0;
  while (had < text.size()) {
    const ssize_t got = ::read(file, text.data() + had, text.size() - had);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    had += static_cast<std::size_t>(got);
  }
  text.resize(had);
  return text;
}

}  // namespace

void NameFile::refresh() {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0 || !S_ISREG(now.st_mode) || now.st_size > kMaxSize) {
    names_.clear();
    seen_ = {};
    return;
  }
  if (!is_same(now, seen_)) read();
}

void NameFile::read() {
  names_.clear();
  seen_ = {};
  const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat info {};
  if (!file || fstat(file.get(), &info) != 0 || info.st_size > kMaxSize) return;
  std::string text = text_of(file.get(), info.st_size);
  // What is wrong in it is a matter of others: the names are good all the same.
  config::TunnelConfig config = config::parse(text, path_).config;
  sodium_memzero(text.data(), text.size());
  for (config::Peer& peer : config.peers) {
    if (peer.public_key && !peer.name.empty()) names_[peer.public_key->value] = peer.name;
  }
  seen_ = info;
}

std::string_view NameFile::name_of(const PublicKey& peer) const {
  const auto found = names_.find(peer);
  return found == names_.end() ? std::string_view() : found->second;
}

}  // namespace wring::metrics
