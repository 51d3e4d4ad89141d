// Greeting, password and request, byte by byte.
#include "protocols/socks5.h"

#include "base/bytes.h"

namespace wring::proxy {
namespace {

constexpr char kSocksVersion = 5;
constexpr char kPasswordVersion = 1;

enum Method : unsigned char { kNoPassword = 0, kPasswordMethod = 2, kNone = 0xff };
enum Command : unsigned char { kConnectCommand = 1, kBindCommand = 2, kAssociateCommand = 3 };
enum Kind : unsigned char { kIpv4 = 1, kName = 3, kIpv6 = 4 };
enum Reply : unsigned char {
  kSucceeded = 0,
  kFailure = 1,
  kNotAllowed = 2,
  kNetworkUnreachable = 3,
  kHostUnreachable = 4,
  kConnectionRefused = 5,
  kTimeToLiveExpired = 6,
  kNoSuchCommand = 7,
  kNoSuchAddress = 8
};

constexpr std::size_t kRequestHead = 3;

unsigned char at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

std::string of(std::initializer_list<unsigned> bytes) {
  std::string text;
  for (const unsigned byte : bytes)
    text += static_cast<char>(byte);
  return text;
}

std::string reply_with(Reply reply) {
  return of({5, reply, 0, kIpv4, 0, 0, 0, 0, 0, 0});
}

Protocol::Step close_with(std::string reply, Refusal refusal) {
  Protocol::Step step;
  step.wish = Protocol::Wish::kClose;
  step.reply = std::move(reply);
  step.refusal = refusal;
  return step;
}

// Of a client of SOCKS 4 that is told so in its own version.
std::string not_this_version(std::string_view input) {
  constexpr unsigned kRejected4 = 0x5b;
  return input.front() == 4 ? of({0, kRejected4, 0, 0, 0, 0, 0, 0}) : std::string();
}

}  // namespace

Protocol::Step Socks5::take(std::string& input) {
  Step step;
  std::string replies;
  for (;;) {
    const State before = state_;
    switch (state_) {
      case State::kGreeting:
        step = take_greeting(input);
        break;
      case State::kPassword:
        step = take_password(input);
        break;
      case State::kRequest:
        step = take_request(input);
        break;
    }
    replies += step.reply;
    if (step.wish != Wish::kMore || state_ == before) break;
  }
  step.reply = std::move(replies);
  return step;
}

Protocol::Step Socks5::take_greeting(std::string& input) {
  if (input.empty()) return {};
  if (input[0] != kSocksVersion) return close_with(not_this_version(input), Refusal::kProtocol);
  if (input.size() < 2) return {};
  const std::size_t size = 2U + at(input, 1);
  if (input.size() < size) return {};
  const char wanted = check_ ? kPasswordMethod : kNoPassword;
  const bool offered = std::string_view(input).substr(2, size - 2).find(wanted) != input.npos;
  input.erase(0, size);
  if (!offered) return close_with(of({5, kNone}), Refusal::kCredentials);
  state_ = check_ ? State::kPassword : State::kRequest;
  Step step;
  step.reply = of({5, static_cast<unsigned char>(wanted)});
  return step;
}

Protocol::Step Socks5::take_password(std::string& input) {
  if (input.empty()) return {};
  if (input[0] != kPasswordVersion) return close_with(of({1, 1}), Refusal::kProtocol);
  if (input.size() < 2) return {};
  const std::size_t name_size = at(input, 1);
  if (input.size() < 3 + name_size) return {};
  const std::size_t size = 3 + name_size + at(input, 2 + name_size);
  if (input.size() < size) return {};
  const std::string_view all(input);
  const bool right =
      check_(all.substr(2, name_size), all.substr(3 + name_size, size - 3 - name_size));
  input.erase(0, size);
  if (!right) {
    Step step = close_with(of({1, 1}), Refusal::kCredentials);
    step.guessed = true;
    return step;
  }
  state_ = State::kRequest;
  Step step;
  step.reply = of({1, 0});
  return step;
}

Protocol::Step Socks5::take_request(std::string& input) {
  if (!input.empty() && input[0] != kSocksVersion) return close_with({}, Refusal::kProtocol);
  if (input.size() <= kRequestHead) return {};
  bool cut = false;
  const auto target = read_socks_address(std::string_view(input).substr(kRequestHead), cut);
  if (!target && cut) return {};
  if (!target) return close_with(reply_with(kNoSuchAddress), Refusal::kUnsupported);
  const unsigned char command = at(input, 1);
  input.erase(0, kRequestHead + target->size);
  Step step;
  step.target = target->at;
  switch (command) {
    case kConnectCommand:
      step.wish = Wish::kConnect;
      break;
    case kBindCommand:
      step.wish = Wish::kBind;
      break;
    case kAssociateCommand:
      step.wish = Wish::kAssociate;
      break;
    default:
      return close_with(reply_with(kNoSuchCommand), Refusal::kUnsupported);
  }
  return step;
}

std::string Socks5::granted(const Endpoint& at) {
  return of({5, kSucceeded, 0}) + write_socks_address(at);
}

std::string Socks5::refused(Refusal refusal) {
  if (state_ != State::kRequest) return of({5, kNone});
  switch (refusal) {
    case Refusal::kNotAllowed:
      return reply_with(kNotAllowed);
    case Refusal::kUnreachable:
      return reply_with(kNetworkUnreachable);
    case Refusal::kName:
      return reply_with(kHostUnreachable);
    case Refusal::kRefused:
      return reply_with(kConnectionRefused);
    case Refusal::kTimeOut:
      return reply_with(kTimeToLiveExpired);
    case Refusal::kUnsupported:
      return reply_with(kNoSuchCommand);
    default:
      return reply_with(kFailure);
  }
}

std::optional<SocksAddress> read_socks_address(std::string_view bytes, bool& cut) {
  cut = true;
  if (bytes.empty()) return std::nullopt;
  std::size_t host_at = 1;
  std::size_t host_size = 0;
  switch (at(bytes, 0)) {
    case kIpv4:
      host_size = 4;
      break;
    case kIpv6:
      host_size = 16;
      break;
    case kName:
      if (bytes.size() < 2) return std::nullopt;
      host_at = 2;
      host_size = at(bytes, 1);
      break;
    default:
      cut = false;
      return std::nullopt;
  }
  const std::size_t size = host_at + host_size + 2;
  if (bytes.size() < size) return std::nullopt;
  cut = false;
  SocksAddress found;
  found.size = size;
  found.at.port = static_cast<std::uint16_t>(at(bytes, size - 2) << 8 | at(bytes, size - 1));
  const std::string_view host = bytes.substr(host_at, host_size);
  if (host_at == 2) {
    if (host.empty() || host.find('\0') != host.npos) return std::nullopt;
    found.at.host = host;
    return found;
  }
  IpAddress address;
  address.version = host_size == 4 ? IpVersion::kV4 : IpVersion::kV6;
  for (std::size_t i = 0; i < host_size; ++i)
    address.bytes[i] = at(host, i);
  found.at.host = to_string(address);
  return found;
}

std::string write_socks_address(const Endpoint& to) {
  const IpAddress address = to.is_set() ? remote_address(to) : IpAddress{};
  std::string text = of({address.is_v4() ? kIpv4 : kIpv6});
  for (const std::uint8_t byte : address.span())
    text += static_cast<char>(byte);
  const std::uint16_t port = ntohs(to.is_v6() ? to.remote.v6.sin6_port : to.remote.v4.sin_port);
  return text + of({static_cast<unsigned>(port >> 8), static_cast<unsigned>(port & 0xff)});
}

std::optional<SocksDatagram> read_socks_datagram(std::string_view bytes) {
  if (bytes.size() <= kRequestHead || bytes[2] != 0) return std::nullopt;
  bool cut = false;
  const auto to = read_socks_address(bytes.substr(kRequestHead), cut);
  if (!to) return std::nullopt;
  return SocksDatagram{to->at, bytes.substr(kRequestHead + to->size)};
}

std::string socks_datagram_head(const Endpoint& from) {
  return of({0, 0, 0}) + write_socks_address(from);
}

}  // namespace wring::proxy
