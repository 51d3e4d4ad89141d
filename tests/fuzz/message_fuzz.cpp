// Any datagram as each of the messages: what is taken for one is of its size and type ([WG] 5.4.2
// to 5.4.7, P2), taken apart and put together it is what it was, and nobody's handshake moves by
// it.
#include <cstdlib>

#include "noise/cookie.h"
#include "noise/handshake.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/whole_handshake.h"

using namespace wring;

static void require(bool holds) {
  if (!holds) std::abort();
}

static const LocalIdentity& ours() {
  static const LocalIdentity identity(PrivateKey(Bytes<32>{64}));
  return identity;
}

static void take_initiation(ByteSpan datagram) {
  const auto [type, sender, ephemeral, static_key, timestamp, mac1, mac2] =
      load<InitiationMessage>(datagram);
  const InitiationMessage again{.sender = std::uint32_t{sender},
                                .ephemeral = ephemeral,
                                .static_key = static_key,
                                .timestamp = timestamp,
                                .mac1 = mac1,
                                .mac2 = mac2};
  require(std::equal(datagram.begin(), datagram.end(), as_bytes(again).begin()));
  require(!identify_initiator(ours(), again));
}

static void take_response(ByteSpan datagram) {
  static test::SeededRng rng(1);
  static const LocalIdentity remote(PrivateKey(Bytes<32>{65}));
  static const auto sent =
      initiate(ours(), remote.public_key(), agree_with(ours(), remote.public_key()).value(),
               SessionIndex{0x01020304}, Tai64n{}, rng);
  const auto [type, sender, receiver, ephemeral, empty, mac1, mac2] =
      load<ResponseMessage>(datagram);
  const ResponseMessage again{.sender = std::uint32_t{sender},
                              .receiver = std::uint32_t{receiver},
                              .ephemeral = ephemeral,
                              .empty = empty,
                              .mac1 = mac1,
                              .mac2 = mac2};
  require(std::equal(datagram.begin(), datagram.end(), as_bytes(again).begin()));
  require(!finish(sent->state, ours(), PresharedKey(), again));
}

static void take_cookie_reply(ByteSpan datagram) {
  const auto [type, receiver, nonce, cookie] = load<CookieReplyMessage>(datagram);
  const CookieReplyMessage again{
      .receiver = std::uint32_t{receiver}, .nonce = nonce, .cookie = cookie};
  require(std::equal(datagram.begin(), datagram.end(), as_bytes(again).begin()));
  MacStamper stamper(ours().public_key());
  Bytes<148> message{1};
  stamper.stamp(message, TimePoint());
  require(!stamper.consume_reply(again, TimePoint()));
}

static void take_data(ByteSpan datagram) {
  const auto [type, receiver, counter] = load<DataHeader>(datagram);
  const DataHeader again{.receiver = std::uint32_t{receiver}, .counter = std::uint64_t{counter}};
  require(std::equal(as_bytes(again).begin(), as_bytes(again).end(), datagram.begin()));
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan datagram(data, size);
  const bool reserved_zero = size >= 4 && data[1] == 0 && data[2] == 0 && data[3] == 0;
  const auto type = classify(datagram);
  require(type.has_value() ==
          (reserved_zero && ((data[0] == 1 && size == 148) || (data[0] == 2 && size == 92) ||
                             (data[0] == 3 && size == 64) || (data[0] == 4 && size >= 32))));
  if (type) require(static_cast<std::uint8_t>(*type) == data[0]);
  if (type == MessageType::kInitiation) take_initiation(datagram);
  if (type == MessageType::kResponse) take_response(datagram);
  if (type == MessageType::kCookieReply) take_cookie_reply(datagram);
  if (type == MessageType::kData) take_data(datagram);
  return 0;
}
