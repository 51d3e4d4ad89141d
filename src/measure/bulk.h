// As many bytes as TCP carries.
#pragma once

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
  // Sends for that long, each stream from a thread of its own. Once; any thread.
  [[nodiscard]] Result<Carried> run(Duration length);

 private:
  std::vector<UniqueFd> streams_;
};

}  // namespace wring::measure
