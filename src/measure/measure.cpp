// Sets up each way to carry packets, and measures it.
#include "measure/measure.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "measure/bulk.h"
#include "measure/copying_pair.h"
#include "measure/engine_pair.h"
#include "measure/handshake_rate.h"
#include "measure/joined_hosts.h"
#include "measure/round_trips.h"
#include "measure/server.h"
#include "measure/small_packets.h"
#include "measure/wire.h"

namespace wring::measure {
namespace {

constexpr unsigned kManyStreams = 4;
constexpr double kGigabyte = 1e9;

// Counts the measurements that are done.
class Steps {
 public:
  Steps(const MeasureOptions& options, unsigned all) : options_(options), all_(all) {}

  void begin(const std::string& what) {
    if (options_.progress) options_.progress(static_cast<double>(done_) / all_, what);
    ++done_;
  }
  [[nodiscard]] Duration length() const { return options_.length; }

 private:
  const MeasureOptions& options_;
  unsigned all_;
  unsigned done_ = 0;
};

constexpr unsigned kStepsOfRow = 4;

using CpuTime = std::function<Duration()>;

class RowMeasurement {
 public:
  RowMeasurement(const Endpoint& server, Steps& steps, std::string name, CpuTime cpu_time = {})
      : server_(server), steps_(steps), cpu_time_(std::move(cpu_time)) {
    row_.name = std::move(name);
  }

  Result<Row> run() {
    for (const auto step : {&RowMeasurement::rest, &RowMeasurement::one_stream,
                            &RowMeasurement::many_streams, &RowMeasurement::small}) {
      if (auto done = (this->*step)(); !done) {
        return failure(row_.name + ": " + done.error().message, done.error().code);
      }
    }
    return row_;
  }

 private:
  // It also has the tunnel make its first handshake.
  Result<void> rest() {
    steps_.begin(row_.name + ": round trip at rest");
    return keep(row_.rest, round_trip());
  }

  Result<void> one_stream() {
    steps_.begin(row_.name + ": TCP, 1 stream");
    auto sender = BulkSender::open(server_, 1);
    if (!sender) return tl::unexpected(sender.error());
    const Duration before = cpu_time_ ? cpu_time_() : Duration();
    const auto carried = sender->run(steps_.length());
    if (!carried) return tl::unexpected(carried.error());
    row_.tcp1_bit_s = carried->bytes * 8 / carried->seconds;
    if (cpu_time_ && carried->bytes > 0) {
      const std::chrono::duration<double> used = cpu_time_() - before;
      row_.cpu_s_per_gb = used.count() / (carried->bytes / kGigabyte);
    }
    return {};
  }

  Result<void> many_streams() {
    steps_.begin(row_.name + ": TCP, " + std::to_string(kManyStreams) + " streams");
    auto sender = BulkSender::open(server_, kManyStreams);
    if (!sender) return tl::unexpected(sender.error());
    Result<Carried> carried;
    std::atomic<bool> echoing = true;
    std::jthread sending(
        [&] { carried = sender->run(steps_.length(), [&] { return echoing.load(); }); });
    auto kept = keep(row_.load, round_trip());
    echoing = false;
    sending.join();
    if (!kept) return kept;
    if (!carried) return tl::unexpected(carried.error());
    row_.tcp4_bit_s = carried->bytes * 8 / carried->seconds;
    return {};
  }

  Result<void> small() {
    steps_.begin(row_.name + ": small packets");
    const auto packets = small_packets(server_, steps_.length());
    if (!packets) return tl::unexpected(packets.error());
    row_.small_packets_s = *packets;
    return {};
  }

  [[nodiscard]] Result<Duration> round_trip() const {
    const auto echo = RoundTrips::open(server_);
    if (!echo) return tl::unexpected(echo.error());
    return echo->median(steps_.length());
  }

  static Result<void> keep(std::optional<Duration>& place, const Result<Duration>& measured) {
    if (!measured) return tl::unexpected(measured.error());
    place = *measured;
    return {};
  }

  const Endpoint& server_;
  Steps& steps_;
  CpuTime cpu_time_;
  Row row_;
};

// From host 0 to a server of host 1.
Result<Row> measure_between(const JoinedHosts& hosts, const std::string& server_address,
                            const std::string& name, Steps& steps, CpuTime cpu_time = {}) {
  hosts.enter(1);
  const auto server = Server::start(endpoint_at(server_address, kUsualPort));
  if (!server) return tl::unexpected(server.error());
  hosts.enter(0);
  return RowMeasurement((*server)->at(), steps, name, std::move(cpu_time)).run();
}

Result<Row> measure_engines(const JoinedHosts& hosts, Steps& steps) {
  const auto engines = EnginePair::start(hosts);
  if (!engines) return tl::unexpected(engines.error());
  auto row = measure_between(hosts, EnginePair::address(1), "wring", steps,
                             [&engines] { return engines->cpu_time(); });
  if (!row) return row;
  steps.begin("wring: handshakes");
  const auto rate = handshake_rate(hosts, *engines, steps.length());
  if (!rate) return tl::unexpected(rate.error());
  row->handshakes_s = *rate;
  return row;
}

Result<Row> measure_copying(const JoinedHosts& hosts, Steps& steps) {
  const auto pair = CopyingPair::start(hosts);
  if (!pair) return tl::unexpected(pair.error());
  return measure_between(hosts, CopyingPair::address(1), "no cipher", steps,
                         [&pair] { return (*pair)->cpu_time(); });
}

}  // namespace

Result<std::vector<Row>> measure_here(const MeasureOptions& options) {
  constexpr unsigned kRows = 3;
  const auto hosts = JoinedHosts::make();
  if (!hosts) return tl::unexpected(hosts.error());
  Steps steps(options, kRows * kStepsOfRow + 1);
  std::vector<Row> rows;
  const std::function<Result<Row>()> all[kRows] = {
      [&] { return measure_engines(*hosts, steps); },
      [&] { return measure_copying(*hosts, steps); },
      [&] { return measure_between(*hosts, JoinedHosts::address(1), "no tunnel", steps); }};
  for (const auto& measure : all) {
    auto row = measure();
    if (!row) return tl::unexpected(row.error());
    rows.push_back(std::move(*row));
  }
  return rows;
}

Result<Row> measure_peer(const Endpoint& server, const MeasureOptions& options) {
  Steps steps(options, kStepsOfRow);
  return RowMeasurement(server, steps, to_string(server)).run();
}

}  // namespace wring::measure
