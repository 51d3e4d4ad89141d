// A port that waits for one connection.
#include "proxy/inbound_port.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <optional>

#include "proxy/addresses.h"
#include "services_for_tests.h"

namespace wring::proxy {
namespace {

class InboundPorts : public ServicesTest {
 protected:
  void open(const char* target) {
    auto made =
        InboundPort::open(reach_, {target, 80}, [this](tl::expected<UniqueFd, Refusal> result) {
          ASSERT_TRUE(result);
          taken_ = std::move(*result);
        });
    ASSERT_TRUE(made);
    port_ = std::move(*made);
  }
  [[nodiscard]] int call(const UniqueFd& from) const {
    const Endpoint& at = port_->address();
    return connect(from.get(), &at.remote.any, at.remote_size()) == 0 ? 0 : errno;
  }
  static UniqueFd caller() { return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

  std::unique_ptr<InboundPort> port_;
  UniqueFd taken_;
};

TEST_F(InboundPorts, AfterTheFirstConnectionNobodyListensThere) {
  open("127.0.0.1");
  const UniqueFd first = caller();
  ASSERT_EQ(call(first), 0);
  turn_until([&] { return static_cast<bool>(taken_); });
  EXPECT_EQ(call(caller()), ECONNREFUSED);
}

TEST_F(InboundPorts, AMappedAddressIsTheIpv4AddressThatItIs) {
  open("::ffff:127.0.0.1");
  EXPECT_TRUE(port_->address().is_v4());
  const UniqueFd first = caller();
  ASSERT_EQ(call(first), 0);
  turn_until([&] { return static_cast<bool>(taken_); });
}

TEST_F(InboundPorts, WithoutADescriptorItIsTakenLater) {
  open("127.0.0.1");
  const UniqueFd first = caller();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next.get());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(call(first), 0);
  bool tried = false;
  loop_->at(SystemClock().now() + std::chrono::milliseconds(50), [&] { tried = true; });
  turn_until([&] { return tried; });
  EXPECT_FALSE(taken_);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  turn_until([&] { return static_cast<bool>(taken_); });
}

}  // namespace
}  // namespace wring::proxy
