// The order in which addresses are tried.
#include "proxy/resolver.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "services_for_tests.h"
#include "tests/support/temporary_folder.h"

namespace wring::proxy {
namespace {

IpAddress of(const char* text) {
  return *IpAddress::parse(text);
}

TEST(Resolver, BothVersionsTakeTurns) {
  const std::vector<IpAddress> found{of("1.1.1.1"), of("1.1.1.2"), of("::1"), of("1.1.1.3")};
  const std::vector<IpAddress> six{of("::1"), of("1.1.1.1"), of("1.1.1.2"), of("1.1.1.3")};
  const std::vector<IpAddress> four{of("1.1.1.1"), of("::1"), of("1.1.1.2"), of("1.1.1.3")};
  EXPECT_EQ(in_turn(found, Families::kIpv6First), six);
  EXPECT_EQ(in_turn(found, Families::kIpv4First), four);
  EXPECT_TRUE(in_turn({}, Families::kIpv4).empty());
}

class Resolvers : public ServicesTest {};

TEST_F(Resolvers, NoServerIsAskedForLocalhost) {
  answers_ = false;
  const auto found = [&](const char* host, Families families) {
    std::vector<IpAddress> all;
    resolver_->ask(host, families, [&](std::vector<IpAddress> some) { all = std::move(some); });
    return all;
  };
  const std::vector<IpAddress> both{of("127.0.0.1"), of("::1")};
  EXPECT_EQ(found("localhost", Families::kIpv6First), both);
  EXPECT_EQ(found("db.localhost", Families::kIpv4First), both);
  EXPECT_EQ(found("localhost", Families::kIpv4), std::vector{of("127.0.0.1")});
  EXPECT_EQ(found("localhost", Families::kIpv6), std::vector{of("::1")});
  EXPECT_TRUE(found("notlocalhost", Families::kIpv4).empty());
}

// The first server never answers, so that its question is still open when the file changes.
TEST_F(Resolvers, AFileThatChangesIsReadAgain) {
  const test::PlainSocket silent(AF_INET);
  ASSERT_TRUE(silent.bind_to(test::v4_endpoint("127.0.0.2", 53)));
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/resolv.conf";
  std::ofstream(path) << "nameserver 127.0.0.2\n";
  std::atomic<std::uint64_t> version = 1;
  const auto resolver = *Resolver::create(*loop_, side_, {}, Resolver::HostFile{path, version});
  int answers = 0;
  const auto count = [&](const std::vector<IpAddress>& found) {
    EXPECT_EQ(found, std::vector{of("127.0.0.1")});
    ++answers;
  };
  resolver->ask("one.example", Families::kIpv4, count);
  ASSERT_TRUE(silent.receive());
  std::ofstream(path) << "nameserver 127.0.0.1\n";
  ++version;
  resolver->ask("two.example", Families::kIpv4, count);
  turn_until([&] { return answers == 1; });
}

}  // namespace
}  // namespace wring::proxy
