#include "command/show_pretty.h"

#include <gmock/gmock.h>

#include "captured.h"

namespace wring::command {
namespace {

using namespace std::chrono_literals;
using test::captured;
using testing::HasSubstr;
using testing::Not;

constexpr WallTime kNow{1'700'000'000s};

std::string pretty(client::InterfaceState& state, const TransferRates& rates = {},
                   const PrettyOptions& options = {}) {
  return captured([&](Output& output) { write_pretty(state, rates, kNow, options, output); });
}

std::string with_handshake(WallTime at) {
  client::InterfaceState state;
  state.peers.emplace_back().last_handshake = at;
  return pretty(state);
}

TEST(ShowPrettyTest, the_age_of_a_handshake_is_in_words) {
  EXPECT_THAT(with_handshake(kNow), HasSubstr("latest handshake: Now\n"));
  EXPECT_THAT(with_handshake(kNow - 1s), HasSubstr("latest handshake: 1 second ago\n"));
  EXPECT_THAT(with_handshake(kNow - 2h), HasSubstr("latest handshake: 2 hours ago\n"));
  EXPECT_THAT(with_handshake(kNow - (365 * 24h + 48h + 1h + 2min + 1s)),
              HasSubstr(": 1 year, 2 days, 1 hour, 2 minutes, 1 second ago\n"));
  EXPECT_THAT(with_handshake(kNow + 1s), HasSubstr("System clock wound backward"));
}

TEST(ShowPrettyTest, bytes_are_counted_in_units_of_1024) {
  client::InterfaceState state;
  PeerDescription& peer = state.peers.emplace_back();
  peer.rx_bytes = 1023;
  peer.tx_bytes = 1024;
  EXPECT_THAT(pretty(state), HasSubstr("transfer: 1023 B received, 1.00 KiB sent\n"));
  state.peers[0].rx_bytes = 5ULL << 30;
  state.peers[0].tx_bytes = 18446744073709551615U;
  EXPECT_THAT(pretty(state), HasSubstr("transfer: 5.00 GiB received, 16777216.00 TiB sent\n"));
}

TEST(ShowPrettyTest, rates_and_drops_are_shown_where_there_are_any) {
  client::InterfaceState state;
  state.peers.emplace_back();
  TransferRates rates;
  rates.note(state, TimePoint(1s));
  EXPECT_THAT(pretty(state, rates), Not(HasSubstr("rate:")));
  EXPECT_THAT(pretty(state, rates), Not(HasSubstr("dropped:")));
  state.peers[0].rx_bytes = 2048;
  rates.note(state, TimePoint(2s));
  state.device.dropped[static_cast<std::size_t>(DropReason::kReplayed)] = 3;
  state.device.dropped[static_cast<std::size_t>(DropReason::kNoPeer)] = 1;
  EXPECT_THAT(pretty(state, rates), HasSubstr("  rate: 2.00 KiB/s received, 0 B/s sent\n"));
  EXPECT_THAT(pretty(state, rates), HasSubstr("  dropped: 3 replayed, 1 no_peer\n"));
}

TEST(ShowPrettyTest, how_the_engine_works_is_shown_where_it_says_so) {
  client::InterfaceState state;
  EXPECT_THAT(pretty(state), Not(HasSubstr("pump:")));
  state.device.engine = {"1.2.3", "epoll", 2, "tun,udp", "libsodium"};
  EXPECT_THAT(pretty(state), HasSubstr("  engine: wring 1.2.3\n  pump: epoll\n  workers: 2\n"
                                       "  offloads: tun,udp\n  cipher: libsodium\n"));
}

TEST(ShowPrettyTest, keys_are_hidden_unless_they_are_asked_for) {
  Bytes<32> bytes;
  bytes.fill(0x11);
  const std::string text = "ERERERERERERERERERERERERERERERERERERERERERE=";
  client::InterfaceState state;
  state.device.private_key = PrivateKey(bytes);
  state.peers.emplace_back().preshared_key = PresharedKey(bytes);
  EXPECT_THAT(pretty(state), Not(HasSubstr(text)));
  PrettyOptions options;
  options.show_keys = true;
  EXPECT_THAT(pretty(state, {}, options), HasSubstr("private key: " + text));
  EXPECT_THAT(pretty(state, {}, options), HasSubstr("preshared key: " + text));
}

}  // namespace
}  // namespace wring::command
