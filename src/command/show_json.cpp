// Writes interfaces as JSON, one peer after the other, so that many need little memory.
#include "command/show_json.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "command/text_forms.h"
#include "crypto/key_text.h"

namespace wring::command {
namespace {

// In the order in which members are written.
using Json = nlohmann::ordered_json;

// Raised when a member goes or changes its meaning. New members do not raise it.
constexpr int kFormat = 1;

double seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

Json text_of(const PublicKey& key) {
  return std::string(KeyText(key.bytes).view());
}

Json dropped(const DropCounts& counts) {
  Json reasons = Json::object();
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    if (counts[i] != 0) reasons[std::string(name(static_cast<DropReason>(i)))] = counts[i];
  }
  return reasons;
}

Json describe(const EngineDescription& engine) {
  if (engine.version.empty()) return nullptr;
  Json json;
  json["version"] = engine.version;
  json["pump"] = engine.pump;
  json["workers"] = engine.workers;
  json["offloads"] = Json::array();
  std::istringstream names(engine.offloads == "none" ? "" : engine.offloads);
  for (std::string name; std::getline(names, name, ',');)
    json["offloads"].push_back(name);
  json["cipher"] = engine.cipher;
  return json;
}

Json describe(const Distribution& counted) {
  Json json;
  json["sum"] = counted.sum;
  json["up_to"] = Json::array();
  json["counts"] = Json::array();
  for (const Distribution::Class& each : counted.classes) {
    json["up_to"].push_back(each.up_to);
    json["counts"].push_back(each.count);
  }
  json["counts"].push_back(counted.above);
  return json;
}

Json describe(const std::optional<EngineCounts>& counts) {
  if (!counts) return nullptr;
  Json json;
  for (const auto& [name, member] : kCountNames)
    json[std::string(name)] = (*counts).*member;
  for (const auto& [name, member] : kDistributionNames)
    json[std::string(name)] = describe((*counts).*member);
  json["worker_ns"] = counts->worker_ns;
  return json;
}

// All of it but the peers.
Json describe(const client::InterfaceState& state) {
  const DeviceDescription& device = state.device;
  Json json;
  json["name"] = state.name;
  json["public_key"] =
      device.private_key.is_zero() ? Json(nullptr) : text_of(public_key_of(device));
  json["listen_port"] = device.listen_port;
  json["fwmark"] = device.fwmark;
  json["engine"] = describe(device.engine);
  json["dropped"] = dropped(device.dropped);
  json["counts"] = describe(device.counts);
  return json;
}

Json describe(const PeerDescription& peer, const std::optional<Rate>& rate, WallTime now) {
  Json json;
  json["public_key"] = text_of(peer.public_key);
  json["has_preshared_key"] = !peer.preshared_key.is_zero();
  json["endpoint"] = peer.endpoint.is_set() ? Json(endpoint_text(peer.endpoint)) : Json(nullptr);
  json["allowed_ips"] = Json::array();
  for (const IpPrefix& prefix : peer.allowed_ips)
    json["allowed_ips"].push_back(to_string(prefix));
  const auto& last = peer.last_handshake;
  json["latest_handshake"] = last ? Json(seconds(*last)) : Json(nullptr);
  json["handshake_age_s"] = last ? Json(seconds(now) - seconds(*last)) : Json(nullptr);
  json["rx_bytes"] = peer.rx_bytes;
  json["tx_bytes"] = peer.tx_bytes;
  json["rx_bytes_per_s"] = rate ? Json(rate->received) : Json(nullptr);
  json["tx_bytes_per_s"] = rate ? Json(rate->sent) : Json(nullptr);
  json["persistent_keepalive_s"] = peer.persistent_keepalive_s;
  return json;
}

}  // namespace

JsonWriter::JsonWriter(WallTime now, Output& output) : now_(now), output_(output) {
  output_ << "{\"format\":" << kFormat << ",\"time\":" << Json(seconds(now)).dump()
          << ",\"interfaces\":[";
}

void JsonWriter::add(const client::InterfaceState& state, const TransferRates& rates) {
  std::string device = describe(state).dump();
  device.pop_back();  // the brace that closes it
  output_ << (is_first_ ? "" : ",") << device << ",\"peers\":[";
  is_first_ = false;
  for (const PeerDescription& peer : state.peers) {
    output_ << (&peer == &state.peers.front() ? "" : ",")
            << describe(peer, rates.of(peer.public_key), now_).dump();
  }
  output_ << "]}";
}

void JsonWriter::end() {
  output_ << "]}\n";
}

}  // namespace wring::command
