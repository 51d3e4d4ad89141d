#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/outbound.h"
#include "ip/endpoint_parse.h"
#include "peer/peer.h"
#include "tests/support/packets.h"
#include "tests/support/sessions.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade{1000s};

// What leaves in one send: how many datagrams, and the bytes of each but the last.
struct Send {
  std::size_t count;
  std::size_t size;
  friend bool operator==(const Send&, const Send&) = default;
  friend void PrintTo(const Send& send, std::ostream* out) {
    *out << send.count << " of " << send.size;
  }
};
using Sends = std::vector<Send>;

class OutboundJoining : public testing::Test {
 protected:
  OutboundJoining() {
    shared_.allowed_ips.insert(IpPrefix::parse("10.0.0.2/32").value(), &peer_);
    EXPECT_TRUE(shared_.sessions.insert(SessionIndex{7}, &session_));
    peer_.endpoint.store(parse_endpoint("192.0.2.2:5000").value());
    peer_.sending = &session_;
  }
  // Datagrams of these sizes, multiples of 16.
  Sends send(const std::vector<std::size_t>& sizes) {
    storage_.clear();
    std::vector<TunPacket> batch;
    for (const std::size_t size : sizes) {
      const std::size_t packet = size - 32;
      storage_.push_back(make_packet(
          {.source = "10.0.0.1", .destination = "10.0.0.2", .payload = Packet(packet - 20, 0x5a)}));
      storage_.back().resize(packet + 16);
      batch.push_back({{}, MutByteSpan(storage_.back()).first(packet)});
    }
    const Outbound::Batch out = outbound_.process(batch, kMade + 1s);
    endpoint_ = out.datagrams[0].to;
    Sends sends;
    std::uint64_t counter = next_counter_;
    for (const OutgoingDatagram& each : out.datagrams) {
      const std::size_t size = each.segment_size != 0 ? each.segment_size : each.payload.size();
      sends.push_back({(each.payload.size() + size - 1) / size, size});
      for (std::size_t at = 0; at < each.payload.size(); at += size)
        EXPECT_EQ(load<DataHeader>(each.payload, at).counter, counter++);  // in order
    }
    EXPECT_EQ(counter - next_counter_, sizes.size());
    next_counter_ = counter;
    return sends;
  }

  SharedState shared_;
  Peer peer_{PublicKey{}, 1, shared_.staged_memory};
  Session session_{peer_, keys_of_test(true, 7, 8), kMade};
  Outbound outbound_{shared_, make_aead_engine(), true};
  std::vector<Packet> storage_;
  const Endpoint* endpoint_ = nullptr;
  std::uint64_t next_counter_ = 0;
};

// Refused datagrams are sent again after all others, so nothing of their flow may come after them.
TEST_F(OutboundJoining, is_tried_at_the_end_of_a_batch_and_taken_for_granted_from_then_on) {
  const std::vector<std::size_t> sizes{160, 160, 160, 320, 320, 160};
  EXPECT_EQ(send(sizes), (Sends{{1, 160}, {1, 160}, {1, 160}, {3, 320}}));
  EXPECT_EQ(send(sizes), (Sends{{3, 160}, {3, 320}}));
  EXPECT_EQ(send({480, 480, 320, 320}), (Sends{{1, 480}, {1, 480}, {2, 320}}));
  EXPECT_EQ(send({480, 480}), (Sends{{2, 480}}));
  EXPECT_EQ(send({480, 480, 320, 320}), (Sends{{3, 480}, {1, 320}}));
}

TEST_F(OutboundJoining, of_what_the_kernel_refused_is_not_tried_again_but_of_less_it_is) {
  EXPECT_EQ(send({320, 320}), (Sends{{2, 320}}));
  outbound_.joining_failed(*endpoint_, 320);
  EXPECT_EQ(send({320, 320}), (Sends{{1, 320}, {1, 320}}));
  EXPECT_EQ(send({480, 480}), (Sends{{1, 480}, {1, 480}}));
  EXPECT_EQ(send({160, 160, 320, 160, 160}), (Sends{{1, 160}, {1, 160}, {1, 320}, {2, 160}}));
  EXPECT_EQ(send({160, 160, 320, 160, 160}), (Sends{{2, 160}, {1, 320}, {2, 160}}));
}

TEST_F(OutboundJoining, that_worked_may_come_to_be_refused) {
  EXPECT_EQ(send({320, 320}), (Sends{{2, 320}}));
  EXPECT_EQ(send({320, 320, 160, 160}), (Sends{{3, 320}, {1, 160}}));
  outbound_.joining_failed(*endpoint_, 320);
  EXPECT_EQ(send({320, 160, 160, 320}), (Sends{{1, 320}, {1, 160}, {1, 160}, {1, 320}}));
  EXPECT_EQ(send({320, 160, 160}), (Sends{{1, 320}, {2, 160}}));
}

TEST_F(OutboundJoining, ends_where_the_device_cannot_do_it_at_all) {
  EXPECT_EQ(send({160, 160}), (Sends{{2, 160}}));
  outbound_.joining_failed(*endpoint_, 0);
  EXPECT_EQ(send({64, 64}), (Sends{{1, 64}, {1, 64}}));
  peer_.joined_sizes.forget();  // a handshake
  EXPECT_EQ(send({64, 64}), (Sends{{2, 64}}));
}

TEST_F(OutboundJoining, is_not_proven_by_what_was_lost) {
  for (const bool source : {false, true}) {
    EXPECT_EQ(send({160, 160}), (Sends{{2, 160}}));
    source ? outbound_.source_failed(*endpoint_) : outbound_.send_failed(*endpoint_, 1, 160);
    EXPECT_EQ(send({160, 160, 320}), (Sends{{1, 160}, {1, 160}, {1, 320}}));
    outbound_.send_failed(*endpoint_, 1, 160);
  }
}

TEST_F(OutboundJoining, stops_at_64_datagrams_and_at_65507_bytes) {
  const std::vector<std::size_t> small(64, 64);
  EXPECT_EQ(send(small), (Sends{{64, 64}}));
  const std::vector<std::size_t> large(50, 1440);
  EXPECT_EQ(send(large).back(), (Send{45, 1440}));
  EXPECT_EQ(send(large), (Sends{{45, 1440}, {5, 1440}}));
}

}  // namespace
}  // namespace wring
