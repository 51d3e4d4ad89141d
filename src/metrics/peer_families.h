// The families of series that peers have.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "metrics/options.h"
#include "metrics/snapshot.h"
#include "metrics/text.h"

namespace wring::metrics {

struct PeerFamily {
  std::string_view name;
  Type type;
  std::string_view help;
  bool is_mindflavor;
  bool is_mdlayher;
  // Appends the samples of one peer, which may be none.
  void (*append)(std::string& out, std::string_view name, const InterfaceRow& interface,
                 const PeerRow& peer, WallTime now);
};

// In the order of the page.
[[nodiscard]] std::span<const PeerFamily> peer_families();

}  // namespace wring::metrics
