// Tells the type of a datagram by its first word and its length.
#include "noise/messages.h"

namespace wring {

std::optional<MessageType> classify(ByteSpan datagram) {
  if (datagram.size() < sizeof(std::uint32_t)) return std::nullopt;
  const std::size_t size = datagram.size();
  const auto when = [](bool fits, MessageType type) {
    return fits ? std::optional(type) : std::nullopt;
  };
  switch (std::uint32_t{load<Le<std::uint32_t>>(datagram)}) {
    case 1:
      return when(size == sizeof(InitiationMessage), MessageType::kInitiation);
    case 2:
      return when(size == sizeof(ResponseMessage), MessageType::kResponse);
    case 3:
      return when(size == sizeof(CookieReplyMessage), MessageType::kCookieReply);
    case 4:
      return when(size >= sizeof(DataHeader) + sizeof(Sealed<0>), MessageType::kData);
    default:
      return std::nullopt;
  }
}

}  // namespace wring
