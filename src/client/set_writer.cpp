// Writes each setting of a change as a line, in the order of `wg`.
#include "client/set_writer.h"

#include <concepts>
#include <string_view>

namespace wring::client {
namespace {

// More bytes than a line has: a name, and an endpoint or 64 digits.
constexpr std::size_t kMaxLineSize = 256;

class Lines {
 public:
  Lines(TextBuffer& out, const std::function<Result<void>()>& flush) : out_(out), flush_(flush) {}

  void add(std::string_view key, std::string_view value) {
    if (!begin(key)) return;
    out_.append(value);
    out_.append("\n");
  }
  void add(std::string_view key, std::unsigned_integral auto value) {
    if (!begin(key)) return;
    out_.append_number(value);
    out_.append("\n");
  }
  void add(std::string_view key, const Bytes<32>& value) {
    if (!begin(key)) return;
    out_.append_hex(value);
    out_.append("\n");
  }
  Result<void> end() {
    if (done_) out_.append("\n");
    return done_ ? flush_() : done_;
  }

 private:
  bool begin(std::string_view key) {
    if (done_ && out_.room() < 2 * kMaxLineSize) done_ = flush_();
    if (!done_) return false;
    out_.append(key);
    out_.append("=");
    return true;
  }

  TextBuffer& out_;
  const std::function<Result<void>()>& flush_;
  Result<void> done_;
};

void write_peer(const PeerChange& peer, Lines& lines) {
  lines.add("public_key", peer.public_key.bytes);
  if (peer.remove) return lines.add("remove", "true");
  if (peer.update_only) lines.add("update_only", "true");
  if (peer.preshared_key) lines.add("preshared_key", peer.preshared_key->reveal());
  if (peer.endpoint) lines.add("endpoint", to_string(*peer.endpoint));
  if (peer.persistent_keepalive_s) {
    lines.add("persistent_keepalive_interval", *peer.persistent_keepalive_s);
  }
  if (peer.replace_allowed_ips) lines.add("replace_allowed_ips", "true");
  for (const AllowedIpChange& allowed : peer.allowed_ips)
    lines.add("allowed_ip", (allowed.remove ? "-" : "") + to_string(allowed.prefix));
}

}  // namespace

Result<void> write_set(const ConfigChange& change, TextBuffer& out,
                       const std::function<Result<void>()>& flush) {
  Lines lines(out, flush);
  lines.add("set", 1U);
  if (change.private_key) lines.add("private_key", change.private_key->reveal());
  if (change.listen_port) lines.add("listen_port", *change.listen_port);
  if (change.fwmark) lines.add("fwmark", *change.fwmark);
  if (change.replace_peers) lines.add("replace_peers", "true");
  for (const PeerChange& peer : change.peers)
    write_peer(peer, lines);
  return lines.end();
}

}  // namespace wring::client
