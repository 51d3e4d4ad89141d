// The four messages, byte for byte as in a datagram, [WG] 5.4.2 to 5.4.7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"

namespace wring {

// Identifies one end of a session: the peer puts this number into its messages to us.
struct SessionIndex {
  std::uint32_t value = 0;
  friend bool operator==(const SessionIndex&, const SessionIndex&) = default;
};

enum class MessageType : std::uint8_t {
  kInitiation = 1,
  kResponse = 2,
  kCookieReply = 3,
  kData = 4
};

// N bytes of plaintext followed by their tag.
template <std::size_t N>
using Sealed = Bytes<N + 16>;

// In each struct the type word spans the type byte and three reserved zero bytes.

// [WG] 5.4.2
struct InitiationMessage {
  Le<std::uint32_t> type{1};
  Le<std::uint32_t> sender;
  Bytes<32> ephemeral{};
  Sealed<32> static_key{};
  Sealed<12> timestamp{};
  Bytes<16> mac1{};
  Bytes<16> mac2{};
};
static_assert(sizeof(InitiationMessage) == 148 && alignof(InitiationMessage) == 1);
static_assert(offsetof(InitiationMessage, mac1) == 116 && offsetof(InitiationMessage, mac2) == 132);

// [WG] 5.4.3
struct ResponseMessage {
  Le<std::uint32_t> type{2};
  Le<std::uint32_t> sender;
  Le<std::uint32_t> receiver;
  Bytes<32> ephemeral{};
  Sealed<0> empty{};
  Bytes<16> mac1{};
  Bytes<16> mac2{};
};
static_assert(sizeof(ResponseMessage) == 92 && alignof(ResponseMessage) == 1);
static_assert(offsetof(ResponseMessage, mac1) == 60 && offsetof(ResponseMessage, mac2) == 76);

// [WG] 5.4.7
struct CookieReplyMessage {
  Le<std::uint32_t> type{3};
  Le<std::uint32_t> receiver;
  Bytes<24> nonce{};
  Sealed<16> cookie{};
};
static_assert(sizeof(CookieReplyMessage) == 64 && alignof(CookieReplyMessage) == 1);

// [WG] 5.4.6. The sealed packet follows, at least a tag long.
struct DataHeader {
  Le<std::uint32_t> type{4};
  Le<std::uint32_t> receiver;
  Le<std::uint64_t> counter;
};
static_assert(sizeof(DataHeader) == 16 && alignof(DataHeader) == 1);

// Returns the type that a datagram claims, or nothing if its length does not fit the type or if the
// reserved bytes are not zero. A data message may have any length from 32 bytes on.
[[nodiscard]] std::optional<MessageType> classify(ByteSpan datagram);

}  // namespace wring

// A session index is random already.
template <>
struct std::hash<wring::SessionIndex> {
  std::size_t operator()(const wring::SessionIndex& index) const noexcept { return index.value; }
};
