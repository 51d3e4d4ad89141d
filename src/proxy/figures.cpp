// Writes the text forms of Prometheus and of wireproxy.
#include "proxy/figures.h"

#include <chrono>
#include <functional>

namespace wring::proxy {
namespace {

constexpr std::int64_t kSlack = 2;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') out += '\\';
    out += each == '\n' ? ' ' : each;
  }
  return out + "\"";
}

std::string labels_of(const Listener& listener) {
  const bool inside = listener.listen_port != 0;
  std::string where = inside ? std::to_string(listener.listen_port) : listener.bind.text;
  if (listener.kind == Listener::Kind::kStdio) where = "stdio";
  if (listener.kind == Listener::Kind::kGateway) where = "gateway";
  return "section=" + quoted(section_of(listener.kind)) + ",listener=" + quoted(where);
}

using Value = std::function<std::uint64_t(const ListenerCounters&)>;

class Page {
 public:
  Page(const std::vector<Listener>& listeners, const Shared& shared)
      : listeners_(listeners), shared_(shared) {}

  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " +
             std::string(type) + "\n";
  }
  void add(std::string_view more_labels, const Value& value) {
    for (const Listener& each : listeners_) {
      text_ += name_ + "{" + labels_of(each) + std::string(more_labels) + "} " +
               std::to_string(value(shared_.listeners[each.place])) + "\n";
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  const std::vector<Listener>& listeners_;
  const Shared& shared_;
  std::string name_;
  std::string text_;
};

}  // namespace

std::string listener_figures(const std::vector<Listener>& listeners, const Shared& shared) {
  Page page(listeners, shared);
  page.begin("wring_proxy_connections_total", "counter", "Connections, or flows of datagrams.");
  page.add("", [](const ListenerCounters& of) { return of.opened.load(); });
  page.begin("wring_proxy_connections_open", "gauge", "Those that are open.");
  page.add("", [](const ListenerCounters& of) { return of.open.load(); });
  page.begin("wring_proxy_bytes_total", "counter", "Bytes that were passed on.");
  page.add(",direction=\"from_client\"",
           [](const ListenerCounters& of) { return of.from_client.load(); });
  page.add(",direction=\"to_client\"",
           [](const ListenerCounters& of) { return of.to_client.load(); });
  page.begin("wring_proxy_broken_total", "counter", "Connections that one end reset.");
  page.add("", [](const ListenerCounters& of) { return of.broken.load(); });
  page.begin("wring_proxy_dropped_datagrams_total", "counter", "Datagrams that were dropped.");
  page.add("", [](const ListenerCounters& of) { return of.dropped.load(); });
  page.begin("wring_proxy_refused_total", "counter", "Clients that were refused, by reason.");
  for (std::size_t i = 0; i < kRefusals; ++i) {
    page.add(std::string(",reason=\"") + to_string(static_cast<Refusal>(i)) + "\"",
             [i](const ListenerCounters& of) { return of.refused[i].load(); });
  }
  return page.take();
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Readiness readiness(const ProxyConfig& config, const Shared& shared, std::int64_t now,
                    const HandshakeWatch::Verdict& handshakes) {
  Readiness state;
  state.text = "{";
  const std::int64_t limit = now - config.check_alive_interval.count() - kSlack;
  for (std::size_t i = 0; i < config.check_alive.size() && i < kMaxPings; ++i) {
    const std::int64_t last = shared.pongs[i].load();
    if (last < limit) state.ready = false;
    state.text +=
        (i == 0 ? "" : ",") + quoted(to_string(config.check_alive[i])) + ":" + std::to_string(last);
  }
  if (!handshakes.ready) {
    const std::int64_t latest = handshakes.latest ? seconds_of(*handshakes.latest) : 0;
    state.text +=
        (state.text == "{" ? "" : ",") + quoted("handshake") + ":" + std::to_string(latest);
    state.ready = false;
  }
  state.text += "}\n";
  return state;
}

std::string without_secret(std::string_view line) {
  const std::string_view key = line.substr(0, line.find('='));
  const bool is_secret = key == "private_key" || key == "preshared_key";
  return is_secret ? std::string(key) + "=REDACTED" : std::string(line);
}

}  // namespace wring::proxy
