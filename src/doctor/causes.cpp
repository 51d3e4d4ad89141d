// Judges by what came back: a session, a refusal, or nothing.
#include "doctor/causes.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace wring::doctor {
namespace {

Finding problem(std::string_view code, std::string found, std::string means, std::string cure) {
  return {Grade::kProblem, code, {}, std::move(found), std::move(means), std::move(cure)};
}

std::string who_said(const IcmpReport& report) {
  return report.from ? to_string(*report.from) : std::string("this host's own kernel");
}

Finding got_through(const HandshakeResult& handshake, const Circumstances& at) {
  const double ms = std::chrono::duration<double, std::milli>(handshake.round_trip).count();
  return {Grade::kGood,
          "handshake",
          {},
          fmt::format("a handshake with {} gets through, in {:.1f} ms{}", at.where, ms,
                      handshake.busy ? "; the peer is busy and asked for a cookie first" : ""),
          {},
          {}};
}

Finding not_sent(int error, const Circumstances& at) {
  const std::string found =
      "the kernel refuses to send to " + at.where + ": " + std::strerror(error);
  if (error == EPERM) {
    return problem("local-firewall", found, "a firewall of this host drops what goes there",
                   "look at `nft list ruleset` and let UDP to " + at.where + " out");
  }
  return problem("no-route", found, "this host has no way to the peer",
                 "look at `ip route get` with the peer's address; is the network up?");
}

Finding refused(const IcmpReport& report, const Circumstances& at) {
  const std::string found =
      fmt::format("{} says about {}: {}", who_said(report), at.where, std::strerror(report.error));
  if (report.error == ECONNREFUSED) {
    return problem("wrong-port", found,
                   "the host is there, and nothing listens at this UDP port: the port is wrong, or "
                   "the peer's tunnel is down",
                   "compare the port of Endpoint with `wring show` of the peer, and start its "
                   "tunnel; behind NAT, look where the port is forwarded to");
  }
  if (report.error == EHOSTUNREACH && !report.from) {
    return problem("no-host", found, "no host of this network has that address, or it is off",
                   "compare the address of Endpoint with that of the peer");
  }
  return problem("refused", found,
                 "a firewall or a router on the way does not let datagrams to the peer through",
                 "let UDP to " + at.where + " pass at " + who_said(report));
}

// A message came that only the peer can have made, to this handshake, and does not authenticate.
Finding other_preshared_key(const Circumstances& at) {
  return problem(
      "preshared-key", "the peer answers, and its answer does not authenticate",
      at.has_preshared_key ? "the preshared keys differ: the peer has another one, or none"
                           : "the peer has a preshared key for this host, and this side has none",
      at.has_preshared_key ? "write the same PresharedKey on both sides, or remove it on both"
                           : "write the peer's PresharedKey here, too, or remove it there");
}

Finding keys_or_clock(const Circumstances& at) {
  const std::string found =
      "the host answers at other ports; at " + at.where + " something listens and stays silent";
  if (!at.clock_is_plausible) {
    return problem("clock", found,
                   "the likeliest cause is the clock of this host, which is wrong: the peer has "
                   "seen a later time from this key, and refuses all before it",
                   "set the clock, see above");
  }
  return problem(
      "wrong-key", found,
      "the likeliest cause is a wrong key, because WireGuard answers nobody else. Less likely: "
      "a firewall that drops this port alone, or a clock that was set back",
      fmt::format("on the peer, `wring show` must say public key {}, and have a peer {} (this "
                  "host). `wring doctor` there counts what it dropped: mac1_invalid if the first "
                  "is wrong, unknown_peer if the second is",
                  at.peer_key, at.own_key));
}

Finding silence(const Surroundings& around, const Circumstances& at) {
  if (around.closed_ports_answer) return keys_or_clock(at);
  if (around.answers_ping) {
    return problem(
        "firewall",
        "the host of " + at.where + " answers ping, but no datagram of UDP is answered or refused",
        "the likeliest cause is a firewall that drops UDP on the way or at the peer. "
        "A wrong key looks the same from here",
        "let UDP to the port of " + at.where +
            " in at the peer's firewall, and forward it where there is NAT; if "
            "`wring show` of the peer counts what it dropped, compare the keys");
  }
  return problem("silence", "nothing at all comes back from the host of " + at.where,
                 "the address is wrong, the host is down, or a firewall drops everything",
                 "compare the address of Endpoint with that of the peer, and let UDP in at the "
                 "peer's firewall");
}

}  // namespace

Finding judge(const HandshakeResult& handshake, const Surroundings& around,
              const Circumstances& circumstances) {
  if (handshake.keys) return got_through(handshake, circumstances);
  if (handshake.send_error != 0) return not_sent(handshake.send_error, circumstances);
  if (handshake.forged) return other_preshared_key(circumstances);
  if (handshake.refused) return refused(*handshake.refused, circumstances);
  if (around.at_port) {
    const auto& [error, from, mtu] = *around.at_port;
    const bool is_ours = !from && error != EHOSTUNREACH && error != ECONNREFUSED;
    return is_ours ? not_sent(error, circumstances) : refused(*around.at_port, circumstances);
  }
  if (handshake.busy) {
    return problem("busy", "the peer asks for a cookie, and then stays silent",
                   "its public key is right. It does not know the key of this host, or it has too "
                   "much to do",
                   "on the peer, `wring show` must have a peer " + circumstances.own_key);
  }
  return silence(around, circumstances);
}

Finding route_into_tunnel(const std::string& where, const std::string& why) {
  return problem("route-into-tunnel", "the way to " + where + " leads into the tunnel: " + why,
                 "the tunnel's own datagrams never leave this host",
                 "take the address out of AllowedIPs, or give it a route of its own around the "
                 "tunnel; with 0.0.0.0/0 alone, `wring run` leads around by a mark");
}

}  // namespace wring::doctor
