// What the relay asks of the stack: messages on a pair of sockets of type SOCK_SEQPACKET, each with
// one end of another pair, over which the connection then runs.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/unique_fd.h"
#include "ip/ip_address.h"

namespace wring::stack {

struct Place {
  IpAddress address;
  std::uint16_t port = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

struct Request {
  enum class Kind : std::uint8_t {
    // A connection to `place`. The end is of type SOCK_STREAM. First comes an Answer with its own
    // end; see Manner. Then come the connection's bytes. An end of one direction is one there, too.
    // An end that is closed before both directions have ended resets the connection, and so the
    // other way round: what was sent over it has no mark, see end_mark.h.
    kConnect,
    // Connections that come to the port of `place`, 0 for a free one. The end is of type
    // SOCK_SEQPACKET, and so are those below. First comes an Answer with the port. Then comes a
    // head for each connection: its other end, one end of a pair of type SOCK_STREAM, and its end
    // mark.
    kListen,
    // Datagrams of UDP, each behind a head. With a port, an Answer comes first, and then what comes
    // to that port. Without, a free one is taken, and there is no answer.
    kDatagrams,
    // Messages of ICMP or ICMPv6, each behind a head without a port: echo requests one way, with
    // their checksum if they are ICMP's, and replies the other way.
    kEcho,
  };
  // How a connection begins.
  enum class Manner : std::uint8_t {
    kTold,   // the Answer brings the end mark
    kQuiet,  // without the Answer, and without a mark
    // After the Answer, the relay says by a Handing who passes on the bytes.
    kHandedOver,
  };
  Kind kind = Kind::kConnect;
  Manner manner = Manner::kTold;
  Place place;  // its version says which one is meant

  friend bool operator==(const Request&, const Request&) = default;
};

// In front of a datagram. An Answer is one alone.
struct DatagramHead {
  // To or from there; to: none, if the other end was named before.
  std::optional<Place> place;
  // To the stack: only names the other end; what has no place goes there, and only what is from
  // there comes. Of an Answer: it failed, and the port is the errno.
  bool connects = false;

  friend bool operator==(const DatagramHead&, const DatagramHead&) = default;
};

// The relay's first byte, which comes with a descriptor.
enum class Handing : std::uint8_t {
  kRelay,  // it passes on the bytes itself, and this is the end mark
  // The stack does, and this is the client's socket. Bytes for the target follow, all in the same
  // call, kMostHandedBytes of them at most. Then nothing but Reports comes from the stack, and
  // nothing from the relay; who closes its end ends the connection.
  kStack,
};
inline constexpr std::size_t kMostHandedBytes = 4096;

// Of a connection that was handed over: what has passed since the last one. The stack sends one
// each second while there is something to say, and one at the end.
struct Report {
  std::uint64_t from_client = 0;
  std::uint64_t to_client = 0;
  bool client_ended = false;  // it sends no more, and the target was told
  bool target_ended = false;  // and the client was told

  friend bool operator==(const Report&, const Report&) = default;
};

inline constexpr std::size_t kRequestSize = 22;
inline constexpr std::size_t kReportSize = 17;
inline constexpr std::size_t kDatagramHeadSize = 20;

[[nodiscard]] Bytes<kRequestSize> encode(const Request& request);
[[nodiscard]] Bytes<kDatagramHeadSize> encode(const DatagramHead& head);
[[nodiscard]] Bytes<kReportSize> encode(const Report& report);
// None: these are not the bytes of one.
[[nodiscard]] std::optional<Request> decode_request(ByteSpan bytes);
[[nodiscard]] std::optional<DatagramHead> decode_datagram_head(ByteSpan bytes);
[[nodiscard]] std::optional<Report> decode_report(ByteSpan bytes);

// Sends a message with a descriptor, or two. False with errno.
[[nodiscard]] bool send_with(int socket, ByteSpan message, int descriptor, int second = -1);
// A message that does not fit is cut off. The size is negative with errno, and 0 if the other end
// is gone.
struct Received {
  ssize_t size = 0;
  UniqueFd descriptor;
  UniqueFd second;
};
[[nodiscard]] Received receive_with(int socket, MutByteSpan into);

// Both ends, which neither block nor survive an exec. Empty with errno.
[[nodiscard]] std::pair<UniqueFd, UniqueFd> make_pair(int type);

// For who waits until there is room.
void make_blocking(int socket);

}  // namespace wring::stack
