// Reads a ClientHello, within bounds that each length is checked against.
#include "protocols/client_hello.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace wring::proxy {
namespace {

constexpr std::uint16_t kTlsPort = 443;
constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kMaxRecord = 1U << 14;
constexpr unsigned kHandshake = 22;
constexpr unsigned kClientHello = 1;
constexpr unsigned kServerName = 0;  // the extension, and the kind of name in it
constexpr std::size_t kVersionAndRandom = 2 + 32;
constexpr std::size_t kMaxName = 255;

// Takes from the front. After a length that is too large, everything is empty and `good` is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::size_t number(std::size_t size) {
    std::size_t value = 0;
    for (const char byte : take(size))
      value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  // What has its length, in so many bytes, before it.
  Reader part(std::size_t length_size) {
    Reader inner(take(number(length_size)));
    inner.good_ = good_;
    return inner;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// Kind and length.
constexpr std::size_t kMessageHead = 4;

bool is_whole(std::string_view message) {
  if (message.size() < kMessageHead) return false;
  Reader size(message.substr(1, kMessageHead - 1));
  return message.size() - kMessageHead >= size.number(kMessageHead - 1);
}

// The first message that the records hold; a part of it if they are cut short. Nothing if they are
// none. What is behind it may be of any kind: early data, for example.
std::optional<std::string> join_records(std::string_view records) {
  std::string message;
  while (!records.empty() && !is_whole(message)) {
    if (static_cast<unsigned char>(records[0]) != kHandshake) return std::nullopt;
    if (records.size() < kRecordHead) break;
    Reader head(records.substr(1, kRecordHead - 1));
    if (head.number(1) != 3) return std::nullopt;
    head.take(1);
    const std::size_t size = head.number(2);
    if (size == 0 || size > kMaxRecord) return std::nullopt;
    records.remove_prefix(kRecordHead);
    message += records.substr(0, size);
    records.remove_prefix(std::min(size, records.size()));
  }
  return message;
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
           (each >= '0' && each <= '9') || each == '-' || each == '.' || each == '_';
  });
}

ServerName name_in(Reader extension) {
  Reader names = extension.part(2);
  while (!names.empty() && names.good()) {
    const std::size_t kind = names.number(1);
    const std::string_view name = names.take(names.number(2));
    if (kind != kServerName) continue;
    if (!names.good() || !is_host_name(name)) return {ServerName::Kind::kWrong, {}};
    return {ServerName::Kind::kFound, std::string(name)};
  }
  return {ServerName::Kind::kWrong, {}};
}

}  // namespace

ServerName server_name(std::string_view records) {
  using Kind = ServerName::Kind;
  const auto message = join_records(records);
  if (!message) return {Kind::kWrong, {}};
  if (message->size() < kMessageHead) return {Kind::kCut, {}};
  Reader all(*message);
  if (all.number(1) != kClientHello) return {Kind::kWrong, {}};
  const std::size_t size = all.number(3);
  if (size > Protocol::kMaxInput) return {Kind::kWrong, {}};
  if (!is_whole(*message)) return {Kind::kCut, {}};
  Reader hello(all.take(size));
  hello.take(kVersionAndRandom);
  hello.part(1);  // session
  hello.part(2);  // ciphers
  hello.part(1);  // compression
  if (!hello.good()) return {Kind::kWrong, {}};
  if (hello.empty()) return {Kind::kNone, {}};
  Reader extensions = hello.part(2);
  while (!extensions.empty() && extensions.good()) {
    const std::size_t kind = extensions.number(2);
    const Reader extension = extensions.part(2);
    if (kind == kServerName && extensions.good()) return name_in(extension);
  }
  return {extensions.good() ? Kind::kNone : Kind::kWrong, {}};
}

Protocol::Step Sni::take(std::string& input) {
  ServerName found = server_name(input);
  Step step;
  switch (found.kind) {
    case ServerName::Kind::kCut:
      return step;
    case ServerName::Kind::kFound:
      step.wish = Wish::kConnect;
      step.target = {std::move(found.name), kTlsPort};
      return step;
    case ServerName::Kind::kNone:
    case ServerName::Kind::kWrong:
      break;
  }
  step.wish = Wish::kClose;
  step.refusal = Refusal::kProtocol;
  step.reply = refused(Refusal::kProtocol);
  return step;
}

std::string Sni::refused(Refusal refusal) {
  constexpr char kHandshakeFailure = 40;
  constexpr char kAccessDenied = 49;
  constexpr char kInternalError = 80;
  constexpr char kUnrecognizedName = 112;
  char alert = kInternalError;
  if (refusal == Refusal::kName) alert = kUnrecognizedName;
  if (refusal == Refusal::kNotAllowed) alert = kAccessDenied;
  if (refusal == Refusal::kProtocol) alert = kHandshakeFailure;
  constexpr char kFatal = 2;
  return std::string{21, 3, 3, 0, 2, kFatal, alert};
}

}  // namespace wring::proxy
