#include "command/set_words.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/set_writer.h"
#include "tests/support/fake_device.h"
#include "tests/support/temporary_folder.h"

namespace wring::command {
namespace {

using testing::HasSubstr;

const std::string kKey = "ERERERERERERERERERERERERERERERERERERERERERE=";

// The request that the words make, or the message of the error. Words are separated by spaces, and
// an underscore is an empty word.
std::string read(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream input(text);
  for (std::string word; input >> word;)
    words.push_back(word == "_" ? "" : word);
  const auto change = read_set_words(words);
  if (!change) return change.error().message;
  TextBuffer out(1U << 16);
  EXPECT_TRUE(client::write_set(*change, out, []() -> Result<void> { return {}; }));
  return std::string(out.pending());
}

const std::string kPeer = "set=1\npublic_key=" + ::wring::test::hex_key("11") + "\n";

TEST(SetWordsTest, each_setting_becomes_a_line) {
  EXPECT_EQ(read("listen-port 0 fwmark 0x10"), "set=1\nlisten_port=0\nfwmark=16\n\n");
  EXPECT_EQ(read("fwmark off"), "set=1\nfwmark=0\n\n");
  EXPECT_EQ(read("private-key /dev/null"),
            "set=1\nprivate_key=" + ::wring::test::hex_key("00") + "\n\n");
  EXPECT_EQ(read("peer " + kKey), kPeer + "\n");
  EXPECT_EQ(read("peer " + kKey + " remove"), kPeer + "remove=true\n\n");
  EXPECT_EQ(read("peer " + kKey + " preshared-key /dev/null"),
            kPeer + "preshared_key=" + ::wring::test::hex_key("00") + "\n\n");
  EXPECT_EQ(read("peer " + kKey + " endpoint [2001:db8::1]:9 persistent-keepalive off"),
            kPeer + "endpoint=[2001:db8::1]:9\npersistent_keepalive_interval=0\n\n");
}

TEST(SetWordsTest, a_key_comes_from_a_file) {
  const ::wring::test::TemporaryFolder folder;
  std::ofstream(folder.path() + "/key") << kKey << "\n";
  EXPECT_EQ(read("private-key " + folder.path() + "/key"),
            "set=1\nprivate_key=" + ::wring::test::hex_key("11") + "\n\n");
}

TEST(SetWordsTest, allowed_ips_replace_unless_there_is_a_sign) {
  const std::string words = "peer " + kKey + " allowed-ips ";
  EXPECT_EQ(read(words + "10.0.0.1,::/0"),
            kPeer + "replace_allowed_ips=true\nallowed_ip=10.0.0.1/32\nallowed_ip=::/0\n\n");
  EXPECT_EQ(read(words + "_"), kPeer + "replace_allowed_ips=true\n\n");
  EXPECT_EQ(read(words + "+10.0.0.0/8,-::/0"),
            kPeer + "allowed_ip=10.0.0.0/8\nallowed_ip=-::/0\n\n");
}

TEST(SetWordsTest, several_peers_follow_each_other) {
  const std::string other = "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=";
  EXPECT_EQ(read("peer " + kKey + " persistent-keepalive 1 peer " + other + " remove"),
            kPeer + "persistent_keepalive_interval=1\npublic_key=" + ::wring::test::hex_key("22") +
                "\nremove=true\n\n");
}

TEST(SetWordsTest, a_wrong_word_is_named_with_what_to_write) {
  const std::string peer = "peer " + kKey + " ";
  for (const auto& [words, says] : std::vector<std::pair<std::string, std::string>>{
           {"colour", "'colour' is no setting; there are: listen-port"},
           {"listen-port", "listen-port needs a value behind it"},
           {"listen-port 65536", "write a number, 0 for a random port"},
           {"fwmark x", "is not a firewall mark"},
           {"private-key /no/such/file", "/no/such/file: No such file"},
           {"peer x", "peer: not a key"},
           {"endpoint 192.0.2.1:9", "endpoint belongs to a peer"},
           {peer + "listen-port 9", "before the first peer"},
           {peer + "endpoint 192.0.2.1", "the port is missing"},
           {peer + "persistent-keepalive 65536", "is not an interval"},
           {peer + "allowed-ips 10.0.0.0/33", "number from 0 to 32"},
           {peer + "allowed-ips 10.0.0.0/8,", "is not an IP address"},
           {peer + "allowed-ips ,", "is not an IP address"}})
    EXPECT_THAT(read(words), HasSubstr(says)) << words;
}

}  // namespace
}  // namespace wring::command
