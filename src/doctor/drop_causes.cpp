// A table of the reasons that have a cause which somebody can mend.
#include "doctor/drop_causes.h"

#include <fmt/format.h>

#include <utility>

namespace wring::doctor {
namespace {

struct Explained {
  DropReason reason;
  Grade grade;
  const char* means;
  const char* cure;
};

constexpr Explained kExplained[] = {
    {DropReason::kMac1Invalid, Grade::kNote,
     "somebody begins handshakes here with another public key than this interface's, or strangers "
     "probe the port",
     "if a peer gets no handshake through, compare PublicKey on its side with that of this "
     "interface"},
    {DropReason::kUnknownPeer, Grade::kWarning,
     "somebody who knows this interface's public key has a key that is no peer here",
     "add the key as a peer if it is a friend's, or correct the PrivateKey on its side"},
    {DropReason::kHandshakeForged, Grade::kNote, "a handshake was damaged or forged on its way",
     "nothing, if it stays rare"},
    {DropReason::kHandshakeReplayed, Grade::kWarning,
     "a peer's time stamp was not greater than its last: its clock was set back, two hosts have "
     "the same private key, or a message came twice",
     "set the clock of the peer right, and give each host a key of its own"},
    {DropReason::kResponseForged, Grade::kWarning,
     "a peer answered a handshake, and the answer does not authenticate: the preshared keys differ",
     "write the same PresharedKey on both sides, or remove it on both"},
    {DropReason::kFromInside, Grade::kWarning,
     "the tunnel's own datagrams came through the tunnel: the way to an endpoint leads into it",
     "give the endpoint a route around the tunnel"},
    {DropReason::kRoutingLoop, Grade::kWarning,
     "the tunnel's own datagrams were sent into the tunnel: the way to an endpoint leads into it",
     "give the endpoint a route around the tunnel"},
    {DropReason::kNotAllowedSource, Grade::kWarning,
     "a peer sent packets with a source that is not in its AllowedIPs here",
     "add the source to AllowedIPs of that peer, or correct Address on its side"},
    {DropReason::kNoPeer, Grade::kNote,
     "packets were routed into the tunnel whose destination is in no peer's AllowedIPs",
     "add the destination to AllowedIPs of a peer, or take the route away"},
    {DropReason::kNoEndpoint, Grade::kNote,
     "packets for a peer came before it was known where the peer is",
     "write an Endpoint, or have the peer begin (PersistentKeepalive = 25 on its side)"},
    {DropReason::kStagedGivenUp, Grade::kNote,
     "packets waited for a handshake that did not come about in time", "see the peers below"},
    {DropReason::kOversized, Grade::kWarning, "packets are too large for a message",
     "lower the MTU of the interface"},
    {DropReason::kSendError, Grade::kNote,
     "the kernel refused datagrams: there was no route, or a firewall of this host drops them",
     "look at the routes and at `nft list ruleset`"},
};

}  // namespace

std::vector<Finding> explain(const DropCounts& drops) {
  std::vector<Finding> findings;
  for (const auto& [reason, grade, means, cure] : kExplained) {
    const std::uint64_t count = drops[static_cast<std::size_t>(reason)];
    if (count == 0) continue;
    findings.push_back({grade,
                        name(reason),
                        {},
                        fmt::format("{} dropped as {}", count, name(reason)),
                        means,
                        cure});
  }
  return findings;
}

}  // namespace wring::doctor
