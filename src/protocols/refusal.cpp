// Their names in the figures.
#include "protocols/refusal.h"

#include <iterator>

namespace wring::proxy {

const char* to_string(Refusal refusal) {
  constexpr const char* kNames[] = {"not_allowed", "full",       "protocol",    "too_slow",
                                    "credentials", "name",       "unreachable", "refused",
                                    "time_out",    "unsupported"};
  static_assert(std::size(kNames) == kRefusals);
  return kNames[static_cast<std::size_t>(refusal)];
}

}  // namespace wring::proxy
