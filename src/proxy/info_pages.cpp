// Asks the engine, and has the pages written.
#include "proxy/info_pages.h"

#include <chrono>
#include <string>
#include <utility>

#include "proxy/figures.h"
#include "proxy/relay_process.h"
#include "proxy/tunnel_figures.h"

namespace wring::proxy {

// wireproxy's text, unless somebody says that it reads Prometheus'.
InfoAnswer InfoPages::answer(std::string_view path, std::string_view accept) {
  if (path == "/readyz") return readiness_now();
  if (path != "/metrics") return {HttpStatus::kNotFound, "text/plain", "404 page not found\n"};
  const bool is_prometheus = accept.find("openmetrics-text") != accept.npos ||
                             accept.find("text/plain;version=") != accept.npos;
  if (is_prometheus) return figures();
  std::string text;
  const auto got =
      engine_().get_lines([&text](std::string_view line) { text += without_secret(line) + '\n'; });
  if (!got) return {HttpStatus::kUnavailable, "text/plain", got.error().message + "\n"};
  return {HttpStatus::kOk, "text/plain; charset=utf-8", std::move(text)};
}

InfoAnswer InfoPages::readiness_now() {
  const auto engine = engine_().get(GetDetail::kPublic);
  if (!engine) return {HttpStatus::kUnavailable, "text/plain", engine.error().message + "\n"};
  const WallTime wall = clock_.wall_now();
  const auto verdict = handshakes_.take(engine->peers, clock_.now(), wall);
  const Readiness state = readiness(config_, shared_, seconds_of(wall), verdict);
  return {state.ready ? HttpStatus::kOk : HttpStatus::kUnavailable, "application/json", state.text};
}

InfoAnswer InfoPages::figures() {
  std::string page = listener_figures(config_.listeners, shared_);
  const TimePoint begun = clock_.now();
  auto engine = engine_().get(GetDetail::kPublic);
  if (engine) {
    engine->name = kInnerName;
    page += tunnel_figures(std::move(*engine), clock_.now() - begun, clock_.wall_now());
  } else {
    page += tunnel_figures_without_answer(kInnerName, clock_.wall_now());
  }
  return {HttpStatus::kOk, "text/plain; version=0.0.4", std::move(page)};
}

}  // namespace wring::proxy
