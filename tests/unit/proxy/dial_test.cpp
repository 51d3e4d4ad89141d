// Attempts at addresses that do not answer.
#include "proxy/dial.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "services_for_tests.h"
#include "stack/control.h"

namespace wring::proxy {
namespace {

// Nobody ever answers. The other end of each socket shows whether that is open.
class SilentSide final : public Side {
 public:
  UniqueFd socket(IpVersion /*version*/, int /*type*/) override {
    auto [made, other] = stack::make_pair(SOCK_STREAM);
    others.push_back(std::move(other));
    return std::move(made);
  }
  bool connect(int /*socket*/, const Endpoint& /*to*/, Manner /*manner*/) override {
    errno = EINPROGRESS;
    return false;
  }
  std::optional<int> outcome(int /*socket*/, std::uint32_t /*events*/) override {
    return std::nullopt;
  }
  [[nodiscard]] std::size_t open() const {
    return static_cast<std::size_t>(std::ranges::count_if(others, [](const UniqueFd& other) {
      pollfd state{other.get(), 0, 0};
      return poll(&state, 1, 0) == 0;
    }));
  }

  std::vector<UniqueFd> others;
};

class Dials : public ServicesTest {};

TEST_F(Dials, OfManyAddressesAFewAreTriedAtOnce) {
  constexpr std::size_t kAddresses = 7;
  addresses_ = kAddresses;
  SilentSide silent;
  Reach reach{*loop_, silent, resolver_.get(), Families::kIpv4, {}, Waiting(waiting_, nullptr)};
  const Dial dial(reach, {"target.example", 80}, {}, [](const auto&) {});
  std::size_t most = 0;
  turn_until([&] {
    most = std::max(most, silent.open());
    return silent.others.size() == kAddresses;
  });
  EXPECT_EQ(std::max(most, silent.open()), Dial::kMostAttempts);
  EXPECT_EQ(silent.open(), Dial::kMostAttempts);
}

}  // namespace
}  // namespace wring::proxy
