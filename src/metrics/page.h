// The page that Prometheus reads, made piece by piece while it is sent: that of 100,000 peers has
// 80 MB.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "metrics/options.h"
#include "metrics/snapshot.h"

namespace wring::metrics {

class Page {
 public:
  Page(std::shared_ptr<const Snapshot> snapshot, Style style)
      : snapshot_(std::move(snapshot)), style_(style) {}

  // Appends to `out` until it has `size` bytes or a little more, or the page is complete. Returns
  // false once it is complete.
  [[nodiscard]] bool write_to(std::string& out, std::size_t size);

 private:
  // Moves to the next family that this style has. False after the last one.
  [[nodiscard]] bool next_family();

  std::shared_ptr<const Snapshot> snapshot_;
  Style style_;
  bool has_head_ = false;     // all but the series of peers is written
  std::size_t family_ = 0;    // of the peers
  bool has_heading_ = false;  // HELP and TYPE of the family are written
  std::size_t interface_ = 0;
  std::size_t row_ = 0;
};

// Everything but the series of peers.
[[nodiscard]] std::string engine_families(const Snapshot& snapshot);

}  // namespace wring::metrics
