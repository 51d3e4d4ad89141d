// Any bytes on the control socket: where the stream is cut makes no difference, a refused request
// asks for nothing, and a prefix that was taken is written as it is read.
#include <cstdlib>
#include <string>

#include "control/uapi_request.h"

static std::string digits(wring::ByteSpan bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += std::to_string(byte) + ".";
  }
  return text;
}

static std::string text_of(const wring::PeerChange& peer) {
  std::string text = digits(peer.public_key.bytes);
  text += peer.remove ? "r" : "";
  text += peer.update_only ? "u" : "";
  text += peer.replace_allowed_ips ? "a" : "";
  if (peer.preshared_key) text += digits(peer.preshared_key->reveal());
  if (peer.persistent_keepalive_s) text += std::to_string(*peer.persistent_keepalive_s);
  if (peer.endpoint && !peer.endpoint->is_set()) std::abort();
  if (peer.endpoint) text += to_string(*peer.endpoint);
  for (const auto& [prefix, remove] : peer.allowed_ips) {
    if (wring::IpPrefix::parse(to_string(prefix)) != prefix) std::abort();
    text += (remove ? "-" : "+") + to_string(prefix);
  }
  return text;
}

// What the requests in `bytes` come to, when they arrive in parts of `part` bytes.
static std::string outcome(std::string_view bytes, std::size_t part) {
  wring::RequestReader reader;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += part) {
    std::string_view piece = bytes.substr(at, part);
    while (!piece.empty()) {
      const auto request = reader.feed(piece);
      if (!request) continue;
      const wring::ConfigChange& change = request->change;
      const bool asks = change.private_key || change.listen_port || change.fwmark ||
                        change.replace_peers || !change.peers.empty();
      if (request->error != 0 && asks) std::abort();
      text += std::to_string(request->error) + (asks ? "+" : "-");
      if (change.private_key) text += digits(change.private_key->reveal());
      text += "p" + std::to_string(change.listen_port.value_or(0));
      text += "m" + std::to_string(change.fwmark.value_or(0));
      text += change.replace_peers ? "!" : "";
      for (const wring::PeerChange& peer : change.peers)
        text += text_of(peer);
    }
  }
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (outcome(bytes, size + 1) != outcome(bytes, 7)) std::abort();
  return 0;
}
