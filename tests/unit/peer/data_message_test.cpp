#include "peer/data_message.h"

#include <gtest/gtest.h>

#include "tests/support/sessions.h"

namespace wring {
namespace {

TEST(DataMessage, pads_to_a_multiple_of_16) {  // P4
  EXPECT_EQ(padded_size(0, 1420), 0U);
  EXPECT_EQ(padded_size(1, 1420), 16U);
  EXPECT_EQ(padded_size(16, 1420), 16U);
  EXPECT_EQ(padded_size(17, 1420), 32U);
}

TEST(DataMessage, never_pads_past_the_mtu) {  // P4
  EXPECT_EQ(padded_size(1409, 1420), 1420U);
  EXPECT_EQ(padded_size(1420, 1420), 1420U);
  EXPECT_EQ(padded_size(1408, 1420), 1408U);
}

TEST(DataMessage, a_packet_above_the_mtu_keeps_its_size) {  // P4
  EXPECT_EQ(padded_size(1500, 1420), 1500U);
  EXPECT_EQ(padded_size(65535, 1420), 65535U);
}

TEST(DataMessage, has_the_type_the_receiver_and_the_counter_in_front_little_endian) {  // P2
  StagedMemory memory;
  Peer peer(PublicKey{}, 1, memory);
  const Session session(peer, keys_of_test(true, 7, 0x01020304), TimePoint{});
  const auto message = data_message(session, 0x1122334455667788, Bytes<16>{});
  ASSERT_EQ(message.size(), 48U);
  const Bytes<16> header{4, 0, 0, 0, 4, 3, 2, 1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
  EXPECT_EQ(load<Bytes<16>>(message), header);
}

}  // namespace
}  // namespace wring
