// By which handshakes a tunnel is ready.
#include "proxy/handshake_watch.h"

#include <gtest/gtest.h>

namespace wring::proxy {
namespace {

using std::chrono::seconds;

constexpr int kNoHandshake = -1;

struct Seen {
  std::uint8_t key;
  std::uint64_t sent;
  int handshake;
  std::uint16_t keepalive = 0;
};

struct Looks {
  HandshakeWatch watch;

  bool ready_at(int second, const std::vector<Seen>& seen) {
    std::vector<PeerDescription> peers(seen.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      peers[i].public_key.bytes[0] = seen[i].key;
      peers[i].tx_bytes = seen[i].sent;
      peers[i].persistent_keepalive_s = seen[i].keepalive;
      if (seen[i].handshake != kNoHandshake) {
        peers[i].last_handshake = WallTime{seconds(seen[i].handshake)};
      }
    }
    return watch.take(peers, TimePoint{seconds(second)}, WallTime{seconds(second)}).ready;
  }
};

TEST(HandshakeWatch, ATunnelThatNobodyWantsIsReady) {
  Looks looks;
  EXPECT_TRUE(looks.ready_at(1000, {{1, 0, kNoHandshake}}));
  EXPECT_TRUE(looks.ready_at(1001, {}));
}

TEST(HandshakeWatch, WhoWaitsForTheFirstHandshakeIsNotReady) {
  Looks looks;
  EXPECT_FALSE(looks.ready_at(1000, {{1, 148, kNoHandshake}}));
  EXPECT_TRUE(looks.ready_at(1001, {{1, 300, 1000}}));
  Looks with_keepalive;
  EXPECT_FALSE(with_keepalive.ready_at(1000, {{1, 0, kNoHandshake, 25}}));
}

TEST(HandshakeWatch, OlderThanThreeMinutesItHasTenSecondsToBeginAnew) {
  Looks looks;
  EXPECT_TRUE(looks.ready_at(1180, {{1, 500, 1000}}));
  EXPECT_TRUE(looks.ready_at(1181, {{1, 600, 1000}}));
  EXPECT_TRUE(looks.ready_at(1190, {{1, 700, 1000}}));
  EXPECT_FALSE(looks.ready_at(1191, {{1, 800, 1000}}));
  EXPECT_TRUE(looks.ready_at(1192, {{1, 900, 1192}}));
}

TEST(HandshakeWatch, OnceNothingWasSentForThreeMinutesItMayBeTriedAgain) {
  Looks looks;
  EXPECT_FALSE(looks.ready_at(1000, {{1, 148, kNoHandshake}}));
  EXPECT_FALSE(looks.ready_at(1179, {{1, 148, kNoHandshake}}));
  EXPECT_TRUE(looks.ready_at(1180, {{1, 148, kNoHandshake}}));
}

TEST(HandshakeWatch, OneOfSeveralPeersIsEnough) {
  Looks looks;
  EXPECT_TRUE(looks.ready_at(1000, {{1, 148, kNoHandshake}, {2, 148, 999}}));
  EXPECT_FALSE(looks.ready_at(1001, {{1, 296, kNoHandshake}, {3, 0, kNoHandshake}}));
}

}  // namespace
}  // namespace wring::proxy
