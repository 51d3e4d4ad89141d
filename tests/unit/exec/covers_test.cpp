// What name look-ups inside are to find, and what not.
#include "exec/covers.h"

#include <gmock/gmock.h>

namespace wring::exec {
namespace {

using testing::Contains;
using testing::ElementsAre;

TEST(ResolvConf, has_the_tunnels_servers_and_domains_and_no_other) {
  run::SetDns dns;
  EXPECT_EQ(resolv_conf(dns), "# made by wring exec\n");
  dns.servers = {*IpAddress::parse("10.0.0.1"), *IpAddress::parse("fd00::1")};
  dns.search = {"a.example", "b.example"};
  EXPECT_EQ(resolv_conf(dns),
            "# made by wring exec\nnameserver 10.0.0.1\nnameserver fd00::1\n"
            "search a.example b.example\n");
}

TEST(NsswitchConf, looks_hosts_up_by_file_and_dns_and_keeps_the_rest) {
  EXPECT_EQ(nsswitch_conf("passwd: files systemd\nhosts: resolve mymachines dns\n# end"),
            "passwd: files systemd\n# end\nhosts: files dns\n");
  EXPECT_EQ(nsswitch_conf(" \thosts: nis\n"), "hosts: files dns\n");
  EXPECT_EQ(nsswitch_conf(""), "hosts: files dns\n");
}

TEST(SocketPaths, are_those_of_every_service_that_looks_names_up) {
  const SocketPaths paths = socket_paths(7, nullptr, nullptr, nullptr);
  for (const char* folder :
       {"/run/nscd", "/var/run/nscd", "/run/systemd/resolve", "/run/dbus", "/run/avahi-daemon"})
    EXPECT_THAT(paths.folders, Contains(folder));
  EXPECT_THAT(paths.files, ElementsAre("/run/user/7/bus", "/run/user/7/systemd/private"));
}

TEST(SocketPaths, are_those_of_the_buses_that_variables_name) {
  const SocketPaths paths = socket_paths(
      7, "/run/user/8", "unix:path=/tmp/bus,guid=0;unix:abstract=/x", "unix:path=/sys");
  EXPECT_THAT(paths.files,
              ElementsAre("/run/user/7/bus", "/run/user/7/systemd/private", "/run/user/8/bus",
                          "/run/user/8/systemd/private", "/tmp/bus", "/sys"));
}

}  // namespace
}  // namespace wring::exec
