// Reads numbers, keys and words, as `wg` and wg-quick do.
#include "config/values.h"

#include <charconv>
#include <limits>

#include "base/decimal.h"
#include "config/words.h"
#include "crypto/key_text.h"

namespace wring::config {
namespace {

constexpr std::uint32_t kMinMtu = 68;  // RFC 791: every link carries that
constexpr std::uint32_t kMaxMtu = 65535;
constexpr std::string_view kKeyCure =
    "write the 44 characters that `wring genkey`, `pubkey` or "
    "`genpsk` prints, with the '=' at the end";

// Writes the 32 bytes of `text` to `bytes`.
Read<void> read_key(std::string_view text, MutByteSpan bytes) {
  if (decode_key(text, bytes)) return {};
  std::string what = "not a key: 44 base64 characters are expected";
  if (text.size() != kKeyTextSize) what += ", these are " + std::to_string(text.size());
  const bool in_quotes = text.starts_with('"') || text.starts_with('\'');
  return wrong("bad-key", std::move(what), in_quotes ? "remove the quotes" : std::string(kKeyCure));
}

template <typename Key>
Read<Key> read_secret(std::string_view text) {
  Key key;
  if (const auto read = read_key(text, key.writable()); !read) {
    return tl::unexpected(read.error());
  }
  return key;
}

}  // namespace

Read<PrivateKey> read_private_key(std::string_view text) {
  return read_secret<PrivateKey>(text);
}

Read<PresharedKey> read_preshared_key(std::string_view text) {
  return read_secret<PresharedKey>(text);
}

Read<PublicKey> read_public_key(std::string_view text) {
  PublicKey key;
  if (const auto read = read_key(text, key.bytes); !read) return tl::unexpected(read.error());
  return key;
}

Read<std::uint16_t> read_listen_port(std::string_view text) {
  if (const auto port = parse_decimal<std::uint16_t>(text)) return *port;
  return wrong("bad-port", quote(text) + " is not a port",
               "write a number from 1 to 65535, or remove the line for a random port");
}

Read<std::uint32_t> read_fwmark(std::string_view text) {
  if (equal_but_for_case(text, "off")) return 0U;
  const bool hex = text.size() > 2 && text.starts_with("0x");
  const std::string_view digits = hex ? text.substr(2) : text;
  std::uint32_t mark = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, mark, hex ? 16 : 10);
  if (error == std::errc{} && stop == end) return mark;
  return wrong("bad-fwmark", quote(text) + " is not a firewall mark",
               "write off, a number up to 4294967295, or 0x and up to 8 hexadecimal digits");
}

Read<std::uint16_t> read_keepalive(std::string_view text) {
  if (equal_but_for_case(text, "off")) return std::uint16_t{0};
  if (const auto seconds = parse_decimal<std::uint16_t>(text)) return *seconds;
  return wrong("bad-keepalive", quote(text) + " is not an interval",
               "write the seconds without a unit, from 1 to 65535 (25 is usual), or off");
}

Read<std::uint32_t> read_mtu(std::string_view text) {
  const auto mtu = parse_decimal<std::uint32_t>(text);
  if (mtu && kMinMtu <= *mtu && *mtu <= kMaxMtu) return *mtu;
  return wrong("bad-mtu", quote(text) + " is not an MTU",
               "write the bytes of the largest packet, from 68 to 65535 (1420 is usual), or remove "
               "the line to have it found");
}

Read<bool> read_bool(std::string_view text) {
  if (equal_but_for_case(text, "true")) return true;
  if (equal_but_for_case(text, "false")) return false;
  return wrong("bad-bool", quote(text) + " is neither true nor false", "write true or false");
}

Read<RoutingTable> read_table(std::string_view text) {
  using Kind = RoutingTable::Kind;
  if (text == "auto") return RoutingTable{Kind::kAuto, 0, {}};
  if (text == "off") return RoutingTable{Kind::kOff, 0, {}};
  const std::string cure =
      "write auto, off, a number from 1 to 4294967295, or the name of a table "
      "in /etc/iproute2/rt_tables";
  if (!text.empty() && is_digit(text.front())) {
    const auto number = parse_decimal<std::uint32_t>(text);
    if (number && *number != 0) return RoutingTable{Kind::kNumber, *number, {}};
    return wrong("bad-table", quote(text) + " is not the number of a routing table", cure);
  }
  for (const std::string_view word : {"auto", "off", "no", "none", "false"}) {
    if (!equal_but_for_case(text, word)) continue;
    const std::string meant = word == "auto" ? "auto" : "off";
    return wrong("bad-table", quote(text) + " is not a routing table",
                 "write " + meant + ", in small letters");
  }
  if (is_host_name(text)) return RoutingTable{Kind::kName, 0, std::string(text)};
  return wrong("bad-table", quote(text) + " is not a routing table", cure);
}

Read<std::string> read_path(std::string_view text) {
  const bool credential = text.starts_with("%d");
  const bool right = credential ? text.size() > 3 && text[2] == '/' : !text.starts_with('%');
  const bool key = text.ends_with('=') || (may_hold_key(text) && text.find('/') == text.npos);
  if (right && !key) return std::string(text);
  if (key) {
    return wrong("key-for-path", "the path of a file is expected, this looks like a key",
                 "write the path, or write the key to PrivateKey or PresharedKey");
  }
  return wrong("bad-path", quote(text) + " is not a path",
               "write the path of a file, or %d/NAME for a credential of systemd");
}

}  // namespace wring::config
