#include "config/printer.h"

#include <gtest/gtest.h>

#include "config_text.h"

namespace wring::config {
namespace {

std::string printed(const std::string& text) {
  const auto [config, diagnostics] = parse(text, "f");
  EXPECT_FALSE(diagnostics.has_errors()) << text;
  return print(config);
}

TEST(Printer, writes_every_key) {
  const std::string text =
      "[Interface]\nPrivateKey = " + test::kPrivate +
      "\nListenPort = 51820\nFwMark = 51820\nAddress = 10.0.0.1/24\nAddress = fd00::1\n"
      "DNS = 10.0.0.1\nDNS = example.com\nMTU = 1420\nTable = off\nPostUp = b # c\nPreUp = a\n"
      "SaveConfig = true\n\n[Peer]\n# friendly_name = phone of Ada\nPublicKey = " +
      test::kPeer + "\nPresharedKey = " + test::kPsk +
      "\nAllowedIPs = 10.0.0.2/32, fd00::2/128\nEndpoint = [2001:db8::1]:51820\n"
      "PersistentKeepalive = 25\n";
  EXPECT_EQ(printed(text), text);
}

TEST(Printer, writes_references_and_not_what_they_stood_for) {
  const std::string text =
      "[Interface]\nPrivateKeyFile = %d/wg0.key\nMTU = 1400\nAddress = ${ADDRESS}\n\n[Peer]\n"
      "PublicKey = " +
      test::kPeer + "\nPresharedKeyFile = psk\nEndpoint = ${HOST}:51820\n";
  EXPECT_EQ(printed(text), text);
  auto parsed = parse(text, "f");
  parsed.config.interface.private_key.emplace();
  EXPECT_EQ(print(parsed.config), text);
}

TEST(Printer, signs_keep_their_meaning) {
  for (const char* lines : {"AllowedIPs = +10.0.0.0/8, -10.1.0.0/16\n",
                            "AllowedIPs = +10.0.0.0/8\nAllowedIPs = 10.9.0.0/16\n"}) {
    const std::string text = "[Interface]\n\n[Peer]\nPublicKey = " + test::kPeer + "\n" + lines;
    EXPECT_EQ(printed(text), text);
  }
}

TEST(Printer, an_empty_configuration_is_a_section) {
  EXPECT_EQ(print({}), "[Interface]\n");
}

}  // namespace
}  // namespace wring::config
