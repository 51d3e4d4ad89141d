// A timer that looks now and then, because most bytes would move it.
#include "proxy/idle_limit.h"

#include <algorithm>

namespace wring::proxy {

void IdleLimit::start() {
  timer_ = loop_.at(last_byte_ + kHalf, [this] { look(); });
}

void IdleLimit::look() {
  const TimePoint limit = last_byte_ + (half_ ? kHalf : kWhole);
  if (loop_.now() >= limit) return reached_();
  timer_ = loop_.at(std::min(limit, loop_.now() + kHalf), [this] { look(); });
}

}  // namespace wring::proxy
