// The table of files in tests/configs/proxy, with what wireproxy says and makes of them.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "crypto/key_text.h"
#include "reading.h"

namespace wring::proxy {
namespace {

using testing::ElementsAreArray;

const std::filesystem::path kFolder = std::filesystem::path(WRING_CONFIGS) / "proxy";

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const char* name) {
  std::ifstream file(kFolder / name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with('#')) lines.push_back(line);
  return lines;
}

// The environment in which the table was made.
test::Outside outside() {
  test::Outside all;
  all.variables = {{"WG_KEY", test::kPrivate},
                   {"WG_ADDRESS", "10.0.0.2/32"},
                   {"WG_MTU", "1280"},
                   {"WG_ENDPOINT", "192.0.2.1:51820"},
                   {"PROXY_PASSWORD", "pa#ss"}};
  for (const char* name : {"tunnel.wg", "bad.wg", "wg.key", "users.txt"})
    all.files[name] = text_of(kFolder / name);
  return all;
}

Reading read_file(const std::string& name) {
  return test::read(text_of(kFolder / (name + ".conf")), outside(), name + ".conf");
}

struct Row {
  std::string name;
  bool wireproxy;
  bool wring;
  std::string why;
};

// "NAME: ok, refused: WHY".
std::vector<Row> table() {
  std::vector<Row> rows;
  for (const std::string& line : lines_of("verdicts.txt")) {
    const std::size_t colon = line.find(": ");
    const std::size_t comma = line.find(", ", colon);
    const std::size_t why = line.find(": ", comma);
    rows.push_back({line.substr(0, colon), line.substr(colon + 2, comma - colon - 2) == "ok",
                    line.substr(comma + 2, why - comma - 2) == "ok",
                    why == line.npos ? "" : line.substr(why + 2)});
  }
  return rows;
}

std::string key_text(const Bytes<32>& key) {
  return std::string(KeyText(key).view());
}

std::string text_of(const config::Peer& peer) {
  const std::string psk = peer.preshared_key ? key_text(peer.preshared_key->value.reveal())
                                             : std::string(43, 'A') + "=";
  std::string text = "peer " + key_text(peer.public_key->value.bytes) + ' ' + psk + ' ' +
                     (peer.endpoint ? to_string(peer.endpoint->value) : "-") + ' ' +
                     std::to_string(peer.keepalive_s ? peer.keepalive_s->value : 0);
  char before = ' ';
  for (const config::AllowedIp& allowed : peer.allowed_ips) {
    text += before + to_string(allowed.prefix);
    before = ',';
  }
  return text;
}

std::string text_of(const Listener& one) {
  using Kind = Listener::Kind;
  const Credentials asked = one.credentials.empty() ? Credentials{} : one.credentials.front();
  const std::string name = section_of(one.kind);
  switch (one.kind) {
    case Kind::kSocks5:
    case Kind::kHttp:
      return name + ' ' + one.bind.text + " user=" + asked.username + " password=" + asked.password;
    case Kind::kSni:
      return name + ' ' + one.bind.text;
    case Kind::kTcpServer:
      return name + ' ' + std::to_string(one.listen_port) + " to " + to_string(one.target);
    case Kind::kStdio:
      return name + " to " + to_string(one.target);
    case Kind::kUdpClient:
      return name + ' ' + one.bind.text + " to " + to_string(one.target) + " after " +
             std::to_string(one.inactivity.count());
    default:
      return name + ' ' + one.bind.text + " to " + to_string(one.target);
  }
}

// In the form of values.txt.
std::vector<std::string> values_of(const std::string& name, const ProxyConfig& config) {
  const config::Interface& interface = config.tunnel.interface;
  std::vector<std::string> all{
      "private-key " + key_text(interface.private_key->value.reveal()),
      "mtu " + std::to_string(interface.mtu->value),
      "check-alive-interval " + std::to_string(config.check_alive_interval.count())};
  for (const auto& address : interface.addresses)
    all.push_back("address " + to_string(address.value.address));
  for (const auto& server : interface.dns_servers)
    all.push_back("dns " + to_string(server.value));
  if (interface.listen_port)
    all.push_back("listen-port " + std::to_string(interface.listen_port->value));
  for (const IpAddress& address : config.check_alive)
    all.push_back("check-alive " + to_string(address));
  for (const config::Peer& peer : config.tunnel.peers)
    all.push_back(text_of(peer));
  constexpr const char* kStrategies[] = {"auto", "ipv4", "ipv6"};
  all.push_back("resolve " +
                std::string(kStrategies[static_cast<std::size_t>(config.resolving.strategy)]));
  for (const Listener& listener : config.listeners)
    all.push_back(text_of(listener));
  for (std::string& line : all)
    line = name + ".conf: " + line;
  std::ranges::sort(all);
  return all;
}

TEST(Table, has_every_file_and_no_other) {
  std::set<std::string> listed;
  for (const Row& row : table())
    listed.insert(row.name + ".conf");
  std::set<std::string> there;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".conf") there.insert(entry.path().filename());
  EXPECT_EQ(listed, there);
  EXPECT_GE(there.size(), 80U);
}

TEST(Table, wring_accepts_and_refuses_what_it_says) {
  for (const Row& row : table()) {
    const Reading reading = read_file(row.name);
    EXPECT_EQ(!reading.has_errors(), row.wring) << row.name << '\n' << messages_of(reading, true);
  }
}

TEST(Table, a_difference_to_wireproxy_has_a_reason) {
  for (const Row& row : table())
    EXPECT_EQ(row.wireproxy != row.wring, !row.why.empty()) << row.name;
}

TEST(Table, each_message_has_place_cause_and_cure) {
  std::vector<std::string> messages;
  for (const Row& row : table()) {
    const Reading reading = read_file(row.name);
    for (const SourceFile& file : reading.files)
      for (const config::Diagnostic& one : file.diagnostics.all())
        messages.push_back(to_string(one, file.diagnostics.file()));
  }
  EXPECT_THAT(messages, ElementsAreArray(lines_of("expected.txt")));
}

// Where both accept a file, both make the same of it, but for what is better on purpose.
TEST(Table, a_file_means_what_it_means_to_wireproxy) {
  // Repeated lists add up, names stay names, and -1 is 0, which means never, too.
  const std::set<std::string> better = {
      "address-two", "form-repeated-list", "peer-endpoint-localhost",
      "tcp-client",  "tcp-client-service", "udp-timeout-negative"};
  std::map<std::string, std::vector<std::string>> wireproxy;
  for (const std::string& line : lines_of("values.txt"))
    wireproxy[line.substr(0, line.find(".conf:"))].push_back(line);
  std::size_t compared = 0;
  for (const auto& [name, values] : wireproxy) {
    if (name.starts_with("own-")) continue;  // wireproxy passes over what they are about
    const Reading reading = read_file(name);
    ASSERT_FALSE(reading.has_errors()) << name;
    const std::vector<std::string> ours = values_of(name, reading.config);
    EXPECT_EQ(ours == values, !better.contains(name)) << testing::PrintToString(ours);
    ++compared;
  }
  EXPECT_GT(compared, 60U);
}

// But for two: the manual of wg-quick sets a key by a hook, and a proxy without a peer has no use.
TEST(Table, files_of_wg_quick_are_accepted) {
  std::set<std::string> refused;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder / "../good")) {
    if (entry.path().extension() != ".conf") continue;
    const Reading reading = test::read(text_of(entry.path()), outside(), entry.path());
    if (reading.has_errors()) refused.insert(entry.path().stem());
  }
  EXPECT_THAT(refused, testing::ElementsAre("manual-key-from-pass", "no-peer"));
}

}  // namespace
}  // namespace wring::proxy
