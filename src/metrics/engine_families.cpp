// The families that are about an engine as a whole.
#include "base/drop_reason.h"
#include "crypto/key_text.h"
#include "metrics/page.h"
#include "metrics/text.h"

namespace wring::metrics {
namespace {

std::string labels_of(const InterfaceRow& row) {
  std::string labels;
  append_label(labels, "interface", row.name);
  return labels;
}

// A family with one number of each engine that counts.
struct CountFamily {
  std::string_view name;
  Type type;
  std::string_view help;
  std::uint64_t EngineCounts::*member;
};

constexpr CountFamily kCounts[] = {
    {"wring_handshakes_begun_total", Type::kCounter,
     "Handshakes that this end began; an initiation that is sent again is no new one",
     &EngineCounts::handshakes_begun},
    {"wring_handshakes_completed_total", Type::kCounter, "Handshakes that led to a session",
     &EngineCounts::handshakes_completed},
    {"wring_handshakes_given_up_total", Type::kCounter,
     "Handshakes that were not answered for 90 seconds", &EngineCounts::handshakes_given_up},
    {"wring_initiations_sent_total", Type::kCounter, "Handshake initiations that were sent",
     &EngineCounts::initiations_sent},
    {"wring_initiations_answered_total", Type::kCounter,
     "Handshake initiations of peers that were answered", &EngineCounts::initiations_answered},
    {"wring_cookies_sent_total", Type::kCounter,
     "Handshake messages that were answered by a cookie, under load", &EngineCounts::cookies_sent},
    {"wring_cookies_received_total", Type::kCounter, "Cookies that peers under load sent",
     &EngineCounts::cookies_received},
    {"wring_roamings_total", Type::kCounter, "Times that a peer was heard from another address",
     &EngineCounts::roamings},
    {"wring_sessions", Type::kGauge, "Sessions, of which a peer has up to three",
     &EngineCounts::sessions},
    {"wring_staged_packets", Type::kGauge, "Packets that wait for a key",
     &EngineCounts::staged_packets},
    {"wring_staged_bytes", Type::kGauge, "Memory of packets that wait for a key",
     &EngineCounts::staged_bytes},
};

struct HistogramFamily {
  std::string_view name;
  std::string_view help;
  Distribution EngineCounts::*member;
  double unit;
};

constexpr HistogramFamily kHistograms[] = {
    {"wring_handshake_duration_seconds",
     "How long handshakes took that this end began, initiations that were sent again included",
     &EngineCounts::handshake_us, 1e6},
    {"wring_packet_batch_size", "Packets of the interface that a packet thread got at once",
     &EngineCounts::packet_batches, 1},
    {"wring_datagram_batch_size", "Datagrams that a packet thread got at once",
     &EngineCounts::datagram_batches, 1},
};

class Families {
 public:
  explicit Families(const Snapshot& snapshot) : snapshot_(snapshot) {}

  void state();
  void identity();
  void peers();
  void drops();
  void counts();
  void threads();
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  template <typename Append>
  void each_with_counts(std::string_view name, Type type, std::string_view help, Append&& append) {
    begin_family(out_, name, type, help);
    for (const InterfaceRow& row : snapshot_.interfaces) {
      if (row.device.counts) append(row, *row.device.counts, labels_of(row));
    }
  }

  const Snapshot& snapshot_;
  std::string out_;
};

void Families::state() {
  begin_family(out_, "wring_up", Type::kGauge, "Whether the engine of the interface answers");
  for (const InterfaceRow& row : snapshot_.interfaces)
    append_sample(out_, "wring_up", labels_of(row), std::uint64_t{row.answers});
  begin_family(out_, "wring_ask_duration_seconds", Type::kGauge, "How long it took to ask it");
  for (const InterfaceRow& row : snapshot_.interfaces) {
    if (row.answers) append_sample(out_, "wring_ask_duration_seconds", labels_of(row), row.took_s);
  }
  begin_family(out_, "wring_engine_info", Type::kGauge, "How the engine works");
  for (const InterfaceRow& row : snapshot_.interfaces) {
    const EngineDescription& engine = row.device.engine;
    if (engine.version.empty()) continue;
    std::string labels = labels_of(row);
    append_label(labels, "version", engine.version);
    append_label(labels, "pump", engine.pump);
    append_label(labels, "offloads", engine.offloads);
    append_label(labels, "cipher", engine.cipher);
    append_sample(out_, "wring_engine_info", labels, std::uint64_t{1});
  }
}

void Families::identity() {
  begin_family(out_, "wireguard_device_info", Type::kGauge, "Metadata about a device.");
  for (const InterfaceRow& row : snapshot_.interfaces) {
    if (!row.answers) continue;
    std::string labels;
    append_label(labels, "device", row.name);
    const PublicKey& key = row.device.public_key;
    append_label(labels, "public_key", key.is_zero() ? "" : KeyText(key.bytes).view());
    append_sample(out_, "wireguard_device_info", labels, std::uint64_t{1});
  }
}

void Families::peers() {
  begin_family(out_, "wring_peers", Type::kGauge,
               "Peers: all that are configured, those with a handshake within 3 minutes "
               "(connected) or an hour (active), and those that never had one");
  for (const InterfaceRow& row : snapshot_.interfaces) {
    if (!row.answers) continue;
    const auto add = [&](std::string_view state, std::uint64_t count) {
      std::string labels = labels_of(row);
      append_label(labels, "state", state);
      append_sample(out_, "wring_peers", labels, count);
    };
    add("configured", row.peers);
    add("connected", row.connected);
    add("active", row.active);
    add("never", row.never);
  }
}

// All reasons, so that the first drop is a step from zero and not a new series.
void Families::drops() {
  begin_family(out_, "wring_dropped_total", Type::kCounter,
               "Packets and datagrams that were dropped, by reason");
  for (const InterfaceRow& row : snapshot_.interfaces) {
    if (row.device.engine.version.empty()) continue;
    for (std::size_t i = 0; i < kDropReasonCount; ++i) {
      std::string labels = labels_of(row);
      append_label(labels, "reason", name(static_cast<DropReason>(i)));
      append_sample(out_, "wring_dropped_total", labels, row.device.dropped[i]);
    }
  }
}

void Families::counts() {
  for (const CountFamily& family : kCounts) {
    each_with_counts(
        family.name, family.type, family.help,
        [&](const InterfaceRow&, const EngineCounts& counts, const std::string& labels) {
          append_sample(out_, family.name, labels, counts.*family.member);
        });
  }
  for (const HistogramFamily& family : kHistograms) {
    each_with_counts(
        family.name, Type::kHistogram, family.help,
        [&](const InterfaceRow&, const EngineCounts& counts, const std::string& labels) {
          append_histogram(out_, family.name, labels, counts.*family.member, family.unit);
        });
  }
}

void Families::threads() {
  constexpr std::string_view kName = "wring_thread_cpu_seconds_total";
  each_with_counts(
      kName, Type::kCounter,
      "Processor time of each packet thread, of the control thread, and of those for handshakes",
      [&](const InterfaceRow&, const EngineCounts& counts, const std::string& labels) {
        const auto add = [&](const std::string& thread, std::uint64_t ns) {
          std::string all = labels;
          append_label(all, "thread", thread);
          append_sample(out_, kName, all, static_cast<double>(ns) / 1e9);
        };
        for (std::size_t i = 0; i < counts.worker_ns.size(); ++i)
          add("worker-" + std::to_string(i), counts.worker_ns[i]);
        add("control", counts.control_ns);
        add("handshakes", counts.handshake_threads_ns);
      });
}

}  // namespace

std::string engine_families(const Snapshot& snapshot) {
  Families families(snapshot);
  families.state();
  families.identity();
  families.peers();
  families.drops();
  families.counts();
  families.threads();
  return families.take();
}

}  // namespace wring::metrics
