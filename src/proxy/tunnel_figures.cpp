// The exporter's own page, of one engine.
#include "proxy/tunnel_figures.h"

#include <limits>
#include <memory>
#include <utility>

#include "metrics/page.h"
#include "metrics/snapshot.h"

namespace wring::proxy {
namespace {

std::string page_of(metrics::InterfaceRow row, const metrics::Options& options, WallTime now) {
  auto snapshot = std::make_shared<metrics::Snapshot>();
  snapshot->at = now;
  snapshot->interfaces.push_back(std::move(row));
  std::string text;
  metrics::Page page(std::move(snapshot), options.series_style());
  while (page.write_to(text, std::numeric_limits<std::size_t>::max()))
    continue;
  return text;
}

}  // namespace

std::string tunnel_figures(client::InterfaceState state, Duration took, WallTime now) {
  const metrics::Options options;
  auto row = metrics::row_of(std::move(state), options, now,
                             [](const PublicKey&) { return std::string_view(); });
  row.took_s = std::chrono::duration<double>(took).count();
  return page_of(std::move(row), options, now);
}

std::string tunnel_figures_without_answer(std::string interface, WallTime now) {
  metrics::InterfaceRow row;
  row.name = std::move(interface);
  return page_of(std::move(row), {}, now);
}

}  // namespace wring::proxy
