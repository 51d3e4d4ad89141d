// Prints the configuration of an interface, secrets included, in the form that setconf reads.
#include "command/showconf.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "client/connection.h"
#include "command/output.h"
#include "command/text_forms.h"

namespace wring::command {
namespace {

void write_interface(const DeviceDescription& device, Output& output) {
  output << "[Interface]\n";
  if (device.listen_port != 0) output << "ListenPort = " << device.listen_port << "\n";
  if (device.fwmark != 0) output << "FwMark = " << fwmark_text(device.fwmark) << "\n";
  if (!device.private_key.is_zero()) {
    output << "PrivateKey = " << device.private_key.reveal() << "\n";
  }
}

void write_peer(const PeerDescription& peer, Output& output) {
  output << "\n[Peer]\nPublicKey = " << peer.public_key.bytes << "\n";
  if (!peer.preshared_key.is_zero()) {
    output << "PresharedKey = " << peer.preshared_key.reveal() << "\n";
  }
  for (const IpPrefix& prefix : peer.allowed_ips) {
    output << (&prefix == &peer.allowed_ips.front() ? "AllowedIPs = " : ", ") << to_string(prefix);
  }
  if (!peer.allowed_ips.empty()) output << "\n";
  if (peer.endpoint.is_set()) output << "Endpoint = " << endpoint_text(peer.endpoint) << "\n";
  if (peer.persistent_keepalive_s != 0) {
    output << "PersistentKeepalive = " << peer.persistent_keepalive_s << "\n";
  }
}

Result<int> show(const std::string& interface) {
  const auto state = client::ask(interface);
  if (!state) return tl::unexpected(state.error());
  Output output(STDOUT_FILENO);
  write_interface(state->device, output);
  for (const PeerDescription& peer : state->peers)
    write_peer(peer, output);
  // `wg` writes an empty line behind the interface, also where no peer follows.
  if (state->peers.empty()) output << "\n";
  if (auto written = output.finish(); !written) return tl::unexpected(written.error());
  return EXIT_SUCCESS;
}

}  // namespace

Action describe_showconf(CLI::App& app) {
  auto interface = std::make_shared<std::string>();
  app.add_option("INTERFACE", *interface, "The interface to show")->required()->type_name("");
  app.footer("Private and preshared keys are in it.");
  return [interface] { return show(*interface); };
}

}  // namespace wring::command
