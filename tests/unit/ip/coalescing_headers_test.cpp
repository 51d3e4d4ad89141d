// Which differences between the headers of two packets keep them from being joined.
#include <gtest/gtest.h>

#include "tests/unit/ip/coalesced.h"

namespace wring {
namespace {

// Four full segments of one flow, and a copy with one thing changed.
class FourSegments : public testing::Test {
 protected:
  static SuperSpec four() {
    SuperSpec spec;
    spec.gso_size = 1000;
    spec.payload = 4000;
    return spec;
  }
  std::vector<Packet> segments(const SuperSpec& spec) {
    super_ = make_super(spec, random_);
    return naive_split(super_);
  }
  // The sizes of the groups after `change` to the third segment, whose checksums are made anew.
  template <typename Change>
  Sizes with_third_changed(const SuperSpec& spec, Change change) {
    auto packets = segments(spec);
    change(packets[2]);
    finish(super_, packets[2]);
    const auto written = coalesce(packets);
    std::vector<Packet> came;
    for (const Written& write : written)
      for (const Packet& packet : split(write))
        came.push_back(packet);
    EXPECT_EQ(came, packets);
    return groups(packets);
  }

  std::mt19937 random_{3};
  SuperPacket super_;
};

TEST_F(FourSegments, leave_in_one_write) {
  const auto packets = segments(four());
  const auto written = coalesce(packets);
  ASSERT_EQ(written.size(), 1u);
  const VnetHeader vnet = written[0].vnet;
  EXPECT_EQ(vnet.flags, 1);     // NEEDS_CSUM
  EXPECT_EQ(vnet.gso_type, 1);  // TCPV4
  EXPECT_EQ(vnet.hdr_len, 40);
  EXPECT_EQ(vnet.gso_size, 1000);
  EXPECT_EQ(vnet.csum_start, 20);
  EXPECT_EQ(vnet.csum_offset, 16);
  EXPECT_EQ(written[0].bytes.size(), 4040u);
  EXPECT_EQ(split(written[0]), packets);
}

TEST_F(FourSegments, are_joined_only_where_their_headers_would_be_repeated) {
  EXPECT_EQ(with_third_changed(four(), [](Packet&) {}), Sizes{4});
  const auto v4 = [&](auto change) { return with_third_changed(four(), change); };
  // What the fourth repeats is the first one's, so it stays alone behind the third.
  const Sizes third_alone = {2, 1, 1};
  EXPECT_EQ(v4([](Packet& p) { p[1] ^= 0x04; }), third_alone);   // TOS
  EXPECT_EQ(v4([](Packet& p) { p[1] ^= 0x01; }), third_alone);   // ECN
  EXPECT_EQ(v4([](Packet& p) { p[6] ^= 0x40; }), third_alone);   // DF
  EXPECT_EQ(v4([](Packet& p) { p[6] ^= 0x80; }), third_alone);   // the reserved bit
  EXPECT_EQ(v4([](Packet& p) { p[8] ^= 0x01; }), third_alone);   // TTL
  EXPECT_EQ(v4([](Packet& p) { p[20] ^= 0x01; }), third_alone);  // another flow
  EXPECT_EQ(v4([](Packet& p) { p[27] ^= 0x01; }), third_alone);  // sequence
  EXPECT_EQ(v4([](Packet& p) { p[31] ^= 0x01; }), third_alone);  // acknowledgement
  EXPECT_EQ(v4([](Packet& p) { p[35] ^= 0x01; }), third_alone);  // window
  EXPECT_EQ(v4([](Packet& p) { p[39] ^= 0x01; }), third_alone);  // urgent pointer
  EXPECT_EQ(v4([](Packet& p) { p[32] ^= 0x02; }), third_alone);  // a reserved bit
  for (const int flag : {0x02, 0x04, 0x20, 0x40})                // SYN RST URG ECE
    EXPECT_EQ(v4([=](Packet& p) { p[33] ^= static_cast<std::uint8_t>(flag); }), third_alone)
        << flag;
  EXPECT_EQ(v4([](Packet& p) { p[33] ^= 0x80; }), Sizes({2, 2}));  // CWR stays with a first
  EXPECT_EQ(v4([](Packet& p) { p[33] ^= 0x10; }), third_alone);    // ACK
  EXPECT_EQ(v4([](Packet& p) { p[33] |= 0x08; }), Sizes({3, 1}));  // PSH ends it
  EXPECT_EQ(v4([](Packet& p) { p[33] |= 0x01; }), Sizes({3, 1}));  // FIN ends it
  EXPECT_EQ(v4([](Packet& p) { p.resize(p.size() - 1); }), Sizes({3, 1}));
  EXPECT_EQ(v4([](Packet& p) { p.push_back(0); }), third_alone);
  EXPECT_EQ(v4([](Packet& p) { p.resize(40); }), third_alone);  // no payload
}

TEST_F(FourSegments, of_version_6_are_joined_only_where_their_headers_would_be_repeated) {
  SuperSpec spec = four();
  spec.v6 = true;
  const Sizes third_alone = {2, 1, 1};
  const auto v6 = [&](auto change) { return with_third_changed(spec, change); };
  EXPECT_EQ(v6([](Packet&) {}), Sizes{4});
  EXPECT_EQ(v6([](Packet& p) { p[0] ^= 0x01; }), third_alone);  // traffic class
  EXPECT_EQ(v6([](Packet& p) { p[1] ^= 0x10; }), third_alone);  // ECN
  EXPECT_EQ(v6([](Packet& p) { p[3] ^= 0x01; }), third_alone);  // flow label
  EXPECT_EQ(v6([](Packet& p) { p[7] ^= 0x01; }), third_alone);  // hop limit
}

TEST_F(FourSegments, with_other_options_stay_apart) {
  SuperSpec spec = four();
  spec.tcp_options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
  spec.ip_options = {1, 1, 1, 1};
  EXPECT_EQ(with_third_changed(spec, [](Packet&) {}), Sizes{4});
  EXPECT_EQ(with_third_changed(spec, [](Packet& p) { p[55] ^= 1; }), Sizes({2, 1, 1}));
  EXPECT_EQ(with_third_changed(spec, [](Packet& p) { p[23] ^= 1; }), Sizes({2, 1, 1}));
}

TEST_F(FourSegments, have_ids_that_count_up_unless_they_must_not_be_fragmented) {
  SuperSpec spec = four();
  spec.dont_fragment = false;
  EXPECT_EQ(with_third_changed(spec, [](Packet&) {}), Sizes{4});
  EXPECT_EQ(with_third_changed(spec, [](Packet& p) { p[5] ^= 1; }), Sizes({2, 1, 1}));
  auto packets = segments(four());
  put16(packets[2], 4, 0);
  finish(super_, packets[2]);
  EXPECT_EQ(groups(packets), Sizes{4});
}

TEST_F(FourSegments, with_a_wrong_checksum_pass_untouched_and_in_order) {
  for (const bool tcp : {true, false}) {
    for (const std::size_t byte : {std::size_t{11}, std::size_t{500}}) {  // of IP; of the payload
      for (std::size_t wrong = 0; wrong < 4; ++wrong) {
        SuperSpec spec = four();
        spec.tcp = tcp;
        auto packets = segments(spec);
        packets[wrong][byte] ^= 1;
        std::vector<Packet> came;
        std::size_t alone = 0;
        for (const Written& write : coalesce(packets)) {
          if (write.bytes == packets[wrong]) {
            EXPECT_TRUE(equal(write.vnet, VnetHeader{}));
            ++alone;
          }
          for (const Packet& packet : split(write))
            came.push_back(packet);
        }
        EXPECT_EQ(alone, 1u);
        EXPECT_EQ(came, packets);
      }
    }
  }
}

TEST_F(FourSegments, of_udp_wait_for_a_kernel_that_takes_them) {
  SuperSpec spec = four();
  spec.tcp = false;
  const auto packets = segments(spec);
  EXPECT_EQ(groups(packets, true), Sizes{4});
  EXPECT_EQ(groups(packets, false), Sizes({1, 1, 1, 1}));
}

TEST_F(FourSegments, of_udp_without_a_checksum_or_of_another_length_stay_apart) {
  SuperSpec spec = four();
  spec.tcp = false;
  auto packets = segments(spec);
  put16(packets[2], 26, 0);
  EXPECT_EQ(groups(packets), Sizes({2, 1, 1}));
  packets = segments(spec);
  put16(packets[2], 24, 1000);
  EXPECT_EQ(groups(packets), Sizes({2, 1, 1}));
}

TEST_F(FourSegments, are_not_overtaken_by_what_follows_a_fragment) {
  SuperSpec spec = four();
  spec.tcp = false;
  auto packets = segments(spec);
  packets[2][6] = 0x20;  // more fragments
  const auto written = coalesce(packets);
  ASSERT_EQ(written.size(), 3u);
  EXPECT_EQ(split(written[0]).size(), 2u);
  EXPECT_EQ(written[1].bytes, packets[2]);
  EXPECT_EQ(written[2].bytes, packets[3]);
}

}  // namespace
}  // namespace wring
