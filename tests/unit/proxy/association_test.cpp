// Datagrams of a client of SOCKS 5, and whose they may be.
#include "proxy/association.h"

#include <string>

#include "proxy/addresses.h"
#include "services_for_tests.h"

namespace wring::proxy {
namespace {

class Associations : public ServicesTest {
 protected:
  void SetUp() override {
    ServicesTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(target_.bind_to(test::v4_endpoint("127.0.0.1", 0)));
    ASSERT_TRUE(client_.bind_to(test::v4_endpoint("127.0.0.1", 0)));
  }

  void start(std::uint16_t port) {
    const Endpoint here = test::v4_endpoint("127.0.0.1", 1080);
    auto made = Association::create(services_, counters_, here, here, port);
    ASSERT_TRUE(made);
    association_ = std::move(*made);
  }

  void send_to(const std::string& name, std::size_t size, const test::PlainSocket* from = nullptr) {
    const std::uint16_t port = target_.port();
    std::string all("\0\0\0\3", 4);
    all += static_cast<char>(name.size());
    all += name;
    all += static_cast<char>(port >> 8);
    all += static_cast<char>(port & 0xff);
    all += std::string(size, 'x');
    const std::vector<std::uint8_t> bytes(all.begin(), all.end());
    ASSERT_TRUE((from != nullptr ? *from : client_).send(bytes, association_->address()));
  }

  test::PlainSocket target_{AF_INET};
  test::PlainSocket client_{AF_INET};
  std::unique_ptr<Association> association_;
};

TEST_F(Associations, OfANamedPortNoOtherIsHeard) {
  start(client_.port());
  const test::PlainSocket other(AF_INET);
  send_to("a.example", 1, &other);
  turn_until([&] { return counters_.dropped == 1; });
  send_to("a.example", 10);
  turn_until([&] { return counters_.from_client == 10; });
}

TEST_F(Associations, WithoutANamedPortTheFirstIsTheClients) {
  start(0);
  send_to("a.example", 10);
  turn_until([&] { return counters_.from_client == 10; });
  const test::PlainSocket other(AF_INET);
  send_to("a.example", 1, &other);
  turn_until([&] { return counters_.dropped == 1; });
}

TEST_F(Associations, TheOldestNameIsForgotten) {
  start(0);
  for (unsigned i = 0; i < 200; ++i) {
    send_to("name" + std::to_string(i) + ".example", 1);
    turn_until([&] { return counters_.from_client + counters_.dropped == i + 1; });
  }
  EXPECT_EQ(counters_.dropped, 0U);
}

TEST_F(Associations, WhatWaitsForNamesIsBounded) {
  answers_ = false;
  start(0);
  for (unsigned i = 0; i < 2; ++i) {
    send_to("name" + std::to_string(i) + ".example", 60'000);
    turn_until([&] { return asked() == i + 1; });
  }
  for (unsigned i = 2; i < 5; ++i) {
    send_to("name" + std::to_string(i) + ".example", 60'000);
    turn_until([&] { return counters_.dropped == i - 1; });
  }
  answers_ = true;
  answer_all();
  turn_until([&] { return counters_.from_client == 120'000; });
}

}  // namespace
}  // namespace wring::proxy
