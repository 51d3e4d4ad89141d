// An interface that passes what is sent to it as slowly as a test wants.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/support/private_namespace.h"
#include "tests/support/sockets_for_tests.h"
#include "tun/tun_device.h"

namespace wring::test {

// Datagrams to behind_sink_ leave by the interface sink0, where the test may read them. Those to
// 127.0.0.1 go by loopback, which nothing slows down.
class SlowSinkTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto sink = TunDevice::create("sink0", 1, 1500);
    ASSERT_TRUE(sink) << sink.error().message;
    sink_ = std::make_unique<TunDevice>(std::move(*sink));
    ASSERT_TRUE(run("sysctl -w net.ipv6.conf.sink0.disable_ipv6=1"));
    ASSERT_TRUE(run("ip addr add 10.8.0.1/24 dev sink0"));
    ASSERT_TRUE(run("ip link set sink0 up"));
  }
  // As tc writes it: "8kbit" is 1 KB/s. Once in a test.
  static void limit_rate(const std::string& rate) {
    ASSERT_TRUE(run("tc qdisc add dev sink0 root tbf rate " + rate + " burst 2kb limit 64mb"));
  }

  std::unique_ptr<TunDevice> sink_;
  const Endpoint behind_sink_ = v4_endpoint("10.8.0.2", 7);
};

}  // namespace wring::test
