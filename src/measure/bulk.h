// As many bytes as TCP carries.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::measure {

struct Carried {
  double bytes = 0;  // that arrived
  double seconds = 0;
};

class BulkSender {
 public:
  // Connects so many streams, in the network namespace of the calling thread.
  static Result<BulkSender> open(const Endpoint& server, unsigned streams);
  // Sends for that long, and on while `more`, each stream from a thread of its own, which is where
  // `more` is called. Once; any thread.
  [[nodiscard]] Result<Carried> run(
      Duration length, const std::function<bool()>& more = [] { return false; });

 private:
  std::vector<UniqueFd> streams_;
};

}  // namespace wring::measure
