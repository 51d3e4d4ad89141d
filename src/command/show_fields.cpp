// Writes each field of `wg show` in the form that scripts read.
#include "command/show_fields.h"

#include <algorithm>

#include "command/text_forms.h"

namespace wring::command {
namespace {

using client::InterfaceState;

constexpr std::string_view kNone = "(none)";

template <typename Key>
void write_key(const Key& key, Output& output) {
  if (key.is_zero()) {
    output << kNone;
  } else {
    output << key.reveal();
  }
}

void write_public_key(const DeviceDescription& device, Output& output) {
  if (device.private_key.is_zero()) {
    output << kNone;
  } else {
    output << public_key_of(device).bytes;
  }
}

void write_endpoint(const PeerDescription& peer, Output& output) {
  output << (peer.endpoint.is_set() ? endpoint_text(peer.endpoint) : std::string(kNone));
}

void write_allowed_ips(const PeerDescription& peer, std::string_view separator, Output& output) {
  if (peer.allowed_ips.empty()) output << kNone;
  for (std::size_t i = 0; i < peer.allowed_ips.size(); ++i)
    output << (i == 0 ? "" : separator) << to_string(peer.allowed_ips[i]);
}

void write_keepalive(const PeerDescription& peer, Output& output) {
  if (peer.persistent_keepalive_s == 0) {
    output << "off";
  } else {
    output << peer.persistent_keepalive_s;
  }
}

// A line for each peer: its public key, and what `rest` writes.
template <typename Rest>
void each_peer(const InterfaceState& state, std::string_view prefix, Output& output, Rest&& rest) {
  for (const PeerDescription& peer : state.peers) {
    output << prefix << peer.public_key.bytes;
    rest(peer);
    output << "\n";
  }
}

void dump(const InterfaceState& state, std::string_view prefix, Output& output) {
  output << prefix;
  write_key(state.device.private_key, output);
  output << "\t";
  write_public_key(state.device, output);
  output << "\t" << state.device.listen_port << "\t" << fwmark_text(state.device.fwmark) << "\n";
  each_peer(state, prefix, output, [&](const PeerDescription& peer) {
    output << "\t";
    write_key(peer.preshared_key, output);
    output << "\t";
    write_endpoint(peer, output);
    output << "\t";
    write_allowed_ips(peer, ",", output);
    output << "\t" << handshake_second(peer) << "\t" << peer.rx_bytes << "\t" << peer.tx_bytes
           << "\t";
    write_keepalive(peer, output);
  });
}

constexpr Field kFields[] = {
    {"public-key",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       output << prefix;
       write_public_key(state.device, output);
       output << "\n";
     }},
    {"private-key",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       output << prefix;
       write_key(state.device.private_key, output);
       output << "\n";
     }},
    {"listen-port", [](const InterfaceState& state, std::string_view prefix,
                       Output& output) { output << prefix << state.device.listen_port << "\n"; }},
    {"fwmark",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       output << prefix << fwmark_text(state.device.fwmark) << "\n";
     }},
    {"peers",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       each_peer(state, prefix, output, [](const PeerDescription&) {});
     }},
    {"preshared-keys",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       each_peer(state, prefix, output, [&](const PeerDescription& peer) {
         output << "\t";
         write_key(peer.preshared_key, output);
       });
     }},
    {"endpoints",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       each_peer(state, prefix, output, [&](const PeerDescription& peer) {
         output << "\t";
         write_endpoint(peer, output);
       });
     }},
    {"allowed-ips",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       each_peer(state, prefix, output, [&](const PeerDescription& peer) {
         output << "\t";
         write_allowed_ips(peer, " ", output);
       });
     }},
    {"latest-handshakes",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       each_peer(state, prefix, output,
                 [&](const PeerDescription& peer) { output << "\t" << handshake_second(peer); });
     }},
    {"transfer",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       each_peer(state, prefix, output, [&](const PeerDescription& peer) {
         output << "\t" << peer.rx_bytes << "\t" << peer.tx_bytes;
       });
     }},
    {"persistent-keepalive",
     [](const InterfaceState& state, std::string_view prefix, Output& output) {
       each_peer(state, prefix, output, [&](const PeerDescription& peer) {
         output << "\t";
         write_keepalive(peer, output);
       });
     }},
    {"dump", dump},
};

}  // namespace

std::span<const Field> fields() {
  return kFields;
}

FieldWriter find_field(std::string_view name) {
  const auto* const found = std::ranges::find(kFields, name, &Field::name);
  return found == std::end(kFields) ? nullptr : found->write;
}

}  // namespace wring::command
