// What listeners need, in a network namespace of the test's own, with a name server that answers
// when it is told to.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "proxy/datagrams.h"
#include "proxy/services.h"
#include "tests/support/private_namespace.h"
#include "tests/support/sockets_for_tests.h"

namespace wring::proxy {

class ServicesTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    const Endpoint at = test::v4_endpoint("127.0.0.1", 53);
    UniqueFd socket = side_.socket(IpVersion::kV4, SOCK_DGRAM);
    ASSERT_EQ(bind(socket.get(), &at.remote.any, at.remote_size()), 0);
    server_ = std::make_unique<Datagrams>(*loop_, std::move(socket),
                                          [this](const Endpoint& from, std::string_view query) {
                                            queries_.emplace_back(from, query);
                                            if (answers_) answer_all();
                                          });
    ASSERT_TRUE(server_->start());
  }

  // Every name is at 127.0.0.1, and at the addresses behind it.
  void answer_all() {
    for (const auto& [from, query] : std::exchange(queries_, {})) {
      std::string reply = query;
      for (char last = 1; last <= addresses_; ++last)
        reply += std::string("\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x7f\0\0", 15) + last;
      reply.replace(2, 6, std::string("\x81\x80\0\1\0", 5) + addresses_);
      ASSERT_TRUE(server_->send(from, {}, reply));
    }
  }

  // Names that the server was asked for and has not answered.
  [[nodiscard]] std::size_t asked() const { return queries_.size(); }

  // Turns the loop until it is so, which it has to be soon.
  template <typename Condition>
  void turn_until(Condition holds) {
    bool late = false;
    const auto limit =
        loop_->at(SystemClock().now() + std::chrono::seconds(20), [&] { late = true; });
    while (!holds() && !late)
      loop_->turn();
    loop_->cancel(limit);
    ASSERT_FALSE(late) << "it never came";
  }

  std::unique_ptr<Loop> loop_ = *Loop::create();
  HereSide side_;
  std::unique_ptr<Resolver> resolver_ =
      *Resolver::create(*loop_, side_, {*IpAddress::parse("127.0.0.1")});
  std::atomic<std::uint64_t> waiting_ = 0;
  Reach reach_{*loop_, side_, resolver_.get(), Families::kIpv4, {}, Waiting(waiting_, nullptr)};
  Pipes pipes_;
  Places places_{100'000};
  WaitingBytes waiting_bytes_{std::size_t{8} << 20};
  Services services_{*loop_, pipes_, places_, reach_, reach_, waiting_bytes_};
  ListenerCounters counters_{};
  bool answers_ = true;
  char addresses_ = 1;  // of every name

 private:
  std::unique_ptr<Datagrams> server_;
  std::vector<std::pair<Endpoint, std::string>> queries_;
};

}  // namespace wring::proxy
