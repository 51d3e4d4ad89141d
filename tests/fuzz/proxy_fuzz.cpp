// What clients of the proxy say first, whole and in parts: SOCKS 5, HTTP and TLS. In parts it comes
// to the same wish as whole, and no wish is fulfilled with bytes that were not sent.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "protocols/client_hello.h"
#include "protocols/http_proxy.h"
#include "protocols/socks5.h"

using namespace wring::proxy;

namespace {

CheckCredentials check_of(bool asks) {
  if (!asks) return {};
  return [](std::string_view username, std::string_view password) { return username == password; };
}

std::unique_ptr<Protocol> protocol_of(unsigned choice) {
  const bool asks = (choice & 4U) != 0;
  switch (choice & 3U) {
    case 0:
      return std::make_unique<Socks5>(check_of(asks));
    case 1:
      return std::make_unique<HttpProxy>(check_of(asks));
    default:
      return std::make_unique<Sni>();
  }
}

struct Outcome {
  Protocol::Step step;
  std::string replies;
};

Outcome feed(Protocol& protocol, std::string_view all, std::size_t part) {
  Outcome outcome;
  std::string input;
  while (outcome.step.wish == Protocol::Wish::kMore && !all.empty()) {
    input += all.substr(0, part);
    all.remove_prefix(std::min(part, all.size()));
    outcome.step = protocol.take(input);
    outcome.replies += outcome.step.reply;
  }
  return outcome;
}

// A body of chunks ends at the same place, however it comes.
void require_same_end(std::string_view all, unsigned part) {
  ChunkedBody whole;
  ChunkedBody parts;
  const auto size = whole.take(all);
  std::size_t taken = 0;
  bool right = true;
  while (right && taken < all.size() && !parts.has_ended()) {
    const auto more = parts.take(all.substr(taken, 1U + part));
    right = more.has_value();
    taken += more.value_or(0);
  }
  if (right != size.has_value() || (right && taken != *size)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > Protocol::kMaxInput) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto one = protocol_of(data[0]);
  const auto other = protocol_of(data[0]);
  const Outcome whole = feed(*one, all, all.size());
  const Outcome parts = feed(*other, all, 1U + data[1] % 16U);
  // A part may be refused before the rest of it has come, and what comes with a head for its
  // chunks.
  const bool same = whole.step.wish == parts.step.wish && whole.step.target == parts.step.target &&
                    whole.replies == parts.replies;
  const bool wrong_chunks = whole.replies.find("chunks") != std::string::npos;
  if (!same && !wrong_chunks && parts.step.wish != Protocol::Wish::kClose) std::abort();
  require_same_end(all.substr(0, 512), data[1] % 16U);
  for (unsigned i = 0; i < kRefusals; ++i)
    static_cast<void>(one->refused(static_cast<Refusal>(i)));
  static_cast<void>(one->granted({}));
  static_cast<void>(read_socks_datagram(all));
  return 0;
}
