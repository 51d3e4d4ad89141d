// Writes one family after the other.
#include "metrics/page.h"

#include "metrics/peer_families.h"

namespace wring::metrics {

bool Page::next_family() {
  const auto families = peer_families();
  while (family_ < families.size()) {
    const PeerFamily& family = families[family_];
    if (style_ == Style::kBoth) return true;
    if (style_ == Style::kMindFlavor ? family.is_mindflavor : family.is_mdlayher) return true;
    ++family_;
  }
  return false;
}

bool Page::write_to(std::string& out, std::size_t size) {
  if (!has_head_) out.append(engine_families(*snapshot_));
  has_head_ = true;
  while (next_family()) {
    const PeerFamily& family = peer_families()[family_];
    if (!has_heading_) begin_family(out, family.name, family.type, family.help);
    has_heading_ = true;
    for (; interface_ < snapshot_->interfaces.size(); ++interface_) {
      const InterfaceRow& interface = snapshot_->interfaces[interface_];
      for (; row_ < interface.rows.size(); ++row_) {
        if (out.size() >= size) return true;
        family.append(out, family.name, interface, interface.rows[row_], snapshot_->at);
      }
      row_ = 0;
    }
    interface_ = 0;
    has_heading_ = false;
    ++family_;
  }
  return false;
}

}  // namespace wring::metrics
