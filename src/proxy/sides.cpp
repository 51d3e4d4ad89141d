// Sockets of this thread's namespace, and a stock of another's.
#include "proxy/sides.h"

#include <cerrno>

namespace wring::proxy {
namespace {

UniqueFd make(IpVersion version, int type) {
  const int family = version == IpVersion::kV4 ? AF_INET : AF_INET6;
  return UniqueFd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

}  // namespace

UniqueFd HereSide::socket(IpVersion version, int type) {
  return make(version, type);
}

UniqueFd OtherSide::socket(IpVersion version, int type) {
  std::unique_lock lock(mutex_);
  std::vector<UniqueFd>& stock = ready_[{version, type}];
  error_ = 0;
  if (stock.size() <= kInAdvance / 2) asked_.notify_one();
  made_.wait(lock, [&] { return !stock.empty() || error_ != 0 || stopped_; });
  if (stock.empty()) {
    errno = error_ != 0 ? error_ : ECANCELED;
    return {};
  }
  UniqueFd taken = std::move(stock.back());
  stock.pop_back();
  return taken;
}

void OtherSide::serve() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    for (auto& [kind, stock] : ready_) {
      while (stock.size() < kInAdvance && error_ == 0) {
        UniqueFd one = make(kind.first, kind.second);
        if (!one) error_ = errno;
        if (one) stock.push_back(std::move(one));
      }
    }
    made_.notify_all();
    asked_.wait(lock);
  }
}

void OtherSide::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  asked_.notify_all();
  made_.notify_all();
}

}  // namespace wring::proxy
