// Writes the device and its peers as lines KEY=VALUE.
#include "control/uapi_format.h"

#include <chrono>
#include <utility>

namespace wring {
namespace {

// All lines have wireguard-go's order. `wg` needs only two things: the device comes before the
// peers, and a public key before its peer's lines.
void append_line(TextBuffer& out, std::string_view key, std::string_view value) {
  out.append(key);
  out.append("=");
  out.append(value);
  out.append("\n");
}

void append_line(TextBuffer& out, std::string_view key, std::integral auto value) {
  out.append(key);
  out.append("=");
  out.append_number(value);
  out.append("\n");
}

void append_line(TextBuffer& out, std::string_view key, const Bytes<32>& value) {
  out.append(key);
  out.append("=");
  out.append_hex(value);
  out.append("\n");
}

// Lines of our own, which come before the peers for the reason given below.
void append_engine(TextBuffer& out, const EngineDescription& engine) {
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) append_line(out, key, value);
  };
  add("wring_version", engine.version);
  add("wring_pump", engine.pump);
  if (engine.workers != 0) append_line(out, "wring_workers", engine.workers);
  add("wring_offloads", engine.offloads);
  add("wring_cipher", engine.cipher);
}

// SUM;LIMIT:COUNT,LIMIT:COUNT,...,COUNT of those above.
void append_distribution(TextBuffer& out, std::string_view name, const Distribution& counted) {
  if (counted.classes.empty()) return;
  out.append("wring_");
  out.append(name);
  out.append("=");
  out.append_number(counted.sum);
  out.append(";");
  for (const Distribution::Class& each : counted.classes) {
    out.append_number(each.up_to);
    out.append(":");
    out.append_number(each.count);
    out.append(",");
  }
  out.append_number(counted.above);
  out.append("\n");
}

void append_counts(TextBuffer& out, const EngineCounts& counts) {
  for (const auto& [name, member] : kCountNames) {
    out.append("wring_");
    append_line(out, name, counts.*member);
  }
  for (const auto& [name, member] : kDistributionNames)
    append_distribution(out, name, counts.*member);
  if (counts.worker_ns.empty()) return;
  out.append("wring_worker_ns=");
  for (const std::uint64_t& each : counts.worker_ns) {
    out.append_number(each);
    out.append(&each == &counts.worker_ns.back() ? "\n" : ",");
  }
}

// Leaves out values that are zero (P38).
void append_device(TextBuffer& out, const DeviceDescription& device, GetDetail detail) {
  if (detail == GetDetail::kAll) {
    if (!device.private_key.is_zero()) append_line(out, "private_key", device.private_key.reveal());
  } else if (!device.private_key.is_zero()) {
    append_line(out, "wring_public_key", derive_public_key(device.private_key).bytes);
  }
  if (device.listen_port != 0) append_line(out, "listen_port", device.listen_port);
  if (device.fwmark != 0) append_line(out, "fwmark", device.fwmark);
  append_engine(out, device.engine);
  // These keys are our own, for metrics. `wg` skips keys that it does not know. They come here
  // because all lines after a public key belong to that peer.
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    if (device.dropped[i] == 0) continue;
    out.append("dropped_");
    append_line(out, name(static_cast<DropReason>(i)), device.dropped[i]);
  }
}

void append_peer(TextBuffer& out, const PeerDescription& peer, GetDetail detail) {
  append_line(out, "public_key", peer.public_key.bytes);
  if (detail == GetDetail::kAll && !peer.preshared_key.is_zero()) {
    append_line(out, "preshared_key", peer.preshared_key.reveal());
  }
  append_line(out, "protocol_version", 1);
  if (peer.endpoint.is_set()) append_line(out, "endpoint", to_string(peer.endpoint));
  const auto since_1970 = peer.last_handshake.value_or(WallTime{}).time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_1970);
  append_line(out, "last_handshake_time_sec", seconds.count());
  append_line(out, "last_handshake_time_nsec", (since_1970 - seconds).count());
  append_line(out, "tx_bytes", peer.tx_bytes);
  append_line(out, "rx_bytes", peer.rx_bytes);
  append_line(out, "persistent_keepalive_interval", peer.persistent_keepalive_s);
}

}  // namespace

bool GetReply::write_to(TextBuffer& out) {
  while (out.room() >= kMaxUapiPieceSize) {
    if (part_ != Part::kPeers) {
      write_head(out);
    } else if (detail_ == GetDetail::kDevice || !next_peer()) {
      append_errno(out, 0);
      return true;
    } else if (!allowed_ip_) {
      append_peer(out, chunk_[peer_], detail_);
      allowed_ip_ = 0;
    } else if (*allowed_ip_ < chunk_[peer_].allowed_ips.size()) {
      append_line(out, "allowed_ip", to_string(chunk_[peer_].allowed_ips[(*allowed_ip_)++]));
    } else {
      ++peer_;
      allowed_ip_.reset();
    }
  }
  return false;
}

void GetReply::write_head(TextBuffer& out) {
  if (part_ == Part::kDevice) {
    DeviceDescription device = device_.describe_device();
    append_device(out, device, detail_);
    counts_ = std::move(device.counts);
    part_ = Part::kCounts;
  } else {
    if (counts_) append_counts(out, *counts_);
    counts_.reset();
    part_ = Part::kPeers;
  }
}

// Returns false when all peers were written.
bool GetReply::next_peer() {
  while (peer_ == chunk_.size()) {
    if (last_chunk_) return false;
    chunk_.clear();
    peer_ = 0;
    last_chunk_ = !device_.describe_peers(cursor_, kPeersPerChunk, chunk_);
  }
  return true;
}

void append_errno(TextBuffer& out, int number) {
  append_line(out, "errno", number);
  out.append("\n");
}

}  // namespace wring
