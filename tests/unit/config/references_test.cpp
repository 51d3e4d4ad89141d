#include "config/references.h"

#include <gmock/gmock.h>

#include <map>

#include "config_text.h"

namespace wring::config {
namespace {

using test::found;
using test::kPrivate;
using test::kPsk;
using testing::ElementsAre;
using testing::IsEmpty;

const std::map<std::string, std::string, std::less<>> kVariables = {
    {"KEY", kPrivate}, {"NET", "10.7.0"},       {"EMPTY", " "},
    {"LINES", "a\nb"}, {"HOST", "vpn.example"}, {"CREDENTIALS_DIRECTORY", "/run/credentials/w"}};
const std::map<std::string, std::string> kFiles = {
    {"wg0.key", kPrivate + "\n"}, {"/run/credentials/w/psk", kPsk}, {"bad.key", kPsk.substr(1)}};

Sources sources() {
  Sources all;
  all.variable = [](std::string_view name) -> std::optional<std::string> {
    const auto one = kVariables.find(name);
    if (one == kVariables.end()) return std::nullopt;
    return one->second;
  };
  all.file = [](const std::string& path) -> Result<std::string> {
    const auto one = kFiles.find(path);
    if (one == kFiles.end()) return failure("cannot open " + path);
    return one->second;
  };
  return all;
}

Parsed resolved(const std::string& text, Severity missing = Severity::kError) {
  Parsed result = parse(text, "f");
  EXPECT_FALSE(result.diagnostics.has_errors()) << text;
  resolve(result.config, sources(), result.diagnostics, missing);
  return result;
}

std::string interface(const std::string& lines) {
  return "[Interface]\n" + lines + "\n[Peer]\nPublicKey = " + test::kPeer + "\n";
}

TEST(References, variables_are_filled_in_and_then_read) {
  const auto [config, diagnostics] =
      resolved(interface("PrivateKey = ${KEY}\nAddress = ${NET}.1/24, ${NET}.2/24") +
               "Endpoint = ${HOST}:51820\n");
  EXPECT_THAT(found(diagnostics), IsEmpty());
  EXPECT_EQ(config.interface.private_key->value.reveal()[0], 0xc8);
  ASSERT_EQ(config.interface.addresses.size(), 2U);
  EXPECT_EQ(to_string(config.interface.addresses[1].value.address), "10.7.0.2");
  EXPECT_EQ(config.peers[0].endpoint->value.host, "vpn.example");
  EXPECT_THAT(config.unresolved, IsEmpty());
}

TEST(References, a_value_from_a_variable_is_checked_and_not_shown) {
  const auto [config, diagnostics] = resolved(interface("PrivateKey = ${HOST}\nMTU = ${KEY}"));
  EXPECT_THAT(found(diagnostics), ElementsAre("2:14 bad-key", "3:7 bad-mtu"));
  for (const Diagnostic& one : diagnostics.all()) {
    EXPECT_FALSE(may_hold_key(to_string(one, "f")));
  }
}

TEST(References, a_missing_variable_is_an_error_or_what_the_caller_says) {
  const std::string text = interface("PrivateKey = ${KEY}\nAddress = 10.0.0.1/${LENGTH}");
  const auto strict = resolved(text);
  EXPECT_THAT(found(strict.diagnostics), ElementsAre("3:20 no-variable"));
  EXPECT_TRUE(strict.diagnostics.has_errors());
  const auto lenient = resolved(text, Severity::kWarning);
  EXPECT_FALSE(lenient.diagnostics.has_errors());
  EXPECT_EQ(lenient.config.unresolved.size(), 1U);
}

TEST(References, a_value_is_one_line_and_not_empty) {
  EXPECT_THAT(found(resolved(interface("MTU = ${EMPTY}\nTable = ${LINES}")).diagnostics),
              ElementsAre("2:7 bad-variable", "3:9 bad-variable"));
}

TEST(References, hooks_are_left_to_bash) {
  const auto [config, diagnostics] = resolved(interface("PostUp = echo ${KEY}"));
  EXPECT_EQ(config.interface.hooks.at(0).command, "echo ${KEY}");
}

TEST(References, malformed_ones_are_found_without_an_environment) {
  EXPECT_THAT(
      test::parse_errors(interface("MTU = ${\nTable = ${A-b}\nDNS = ${1}\nListenPort = ${}")),
      ElementsAre("2:7 bad-reference", "3:9 bad-reference", "4:7 bad-reference",
                  "5:14 bad-reference"));
}

TEST(References, the_last_line_counts_also_where_one_is_a_reference) {
  const auto later = resolved(interface("MTU = 1400\nMTU = ${NET}"), Severity::kWarning);
  EXPECT_FALSE(later.config.interface.mtu.has_value());  // "10.7.0" is no MTU, 1400 is gone
  const auto earlier = resolved(interface("ListenPort = ${NET}\nListenPort = 7"));
  EXPECT_EQ(earlier.config.interface.listen_port->value, 7);
  EXPECT_FALSE(earlier.diagnostics.has_errors());
}

TEST(References, keys_come_from_files_and_from_credentials) {
  const auto [config, diagnostics] =
      resolved(interface("PrivateKeyFile = wg0.key") + "PresharedKeyFile = %d/psk\n");
  EXPECT_THAT(found(diagnostics), IsEmpty());
  EXPECT_EQ(config.interface.private_key->value.reveal()[0], 0xc8);
  EXPECT_EQ(config.peers[0].preshared_key->value.reveal()[0], 0xfd);
}

TEST(References, a_file_that_is_missing_or_holds_no_key_is_named) {
  const auto [config, diagnostics] =
      resolved(interface("PrivateKeyFile = none.key") + "PresharedKeyFile = bad.key\n");
  ASSERT_THAT(found(diagnostics), ElementsAre("2:18 no-key-file", "5:20 bad-key"));
  EXPECT_THAT(to_string(diagnostics.all()[1], "f"), testing::HasSubstr("in bad.key: not a key"));
}

TEST(References, a_cut_off_key_in_the_place_of_a_path_is_not_repeated) {
  const auto [config, diagnostics] = resolved(interface("PrivateKeyFile = " + kPsk.substr(0, 43)));
  ASSERT_THAT(found(diagnostics), ElementsAre("2:18 no-key-file"));
  EXPECT_FALSE(may_hold_key(to_string(diagnostics.all()[0], "f")));
}

TEST(References, a_key_is_in_the_file_or_elsewhere_but_not_both) {
  for (const std::string& line : {kPrivate, std::string("${KEY}")}) {
    EXPECT_THAT(test::parse_errors(interface("PrivateKeyFile = x\nPrivateKey = " + line)),
                ElementsAre("2:18 two-keys"));
    EXPECT_THAT(
        test::parse_errors(interface("") + "PresharedKey = " + line + "\nPresharedKeyFile = x\n"),
        ElementsAre("6:20 two-keys"));
  }
}

}  // namespace
}  // namespace wring::config
