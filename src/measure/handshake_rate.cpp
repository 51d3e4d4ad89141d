// Makes initiations beforehand, and sends them as fast as they are answered.
#include "measure/handshake_rate.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/rng.h"
#include "crypto/agreement.h"
#include "measure/sockets.h"
#include "noise/cookie.h"
#include "noise/handshake.h"

namespace wring::measure {
namespace {

constexpr std::size_t kUnanswered = 32;
constexpr std::size_t kCallers = 4000;
constexpr std::chrono::milliseconds kLost{500};

using Message = Bytes<sizeof(InitiationMessage)>;

struct Callers {
  std::vector<PublicKey> keys;
  std::vector<Message> initiations;
};

Callers prepare(const PublicKey& responder) {
  SystemRng rng;
  const SystemClock clock;
  MacStamper stamper(responder);
  Callers callers;
  for (std::size_t i = 0; i < kCallers; ++i) {
    const LocalIdentity identity(generate_private_key(rng));
    Ephemeral ephemeral;
    ephemeral.key = generate_private_key(rng);
    SharedSecret static_static;
    const auto products = wanted(ephemeral, responder);
    agree(std::array{products[0], products[1],
                     Agreement{&identity.private_key(), &responder.bytes, &static_static}});
    auto made =
        initiate(identity, responder, static_static, SessionIndex{static_cast<std::uint32_t>(i)},
                 tai64n_from(clock.wall_now()), std::move(ephemeral));
    auto message = std::bit_cast<Message>(made->message);
    stamper.stamp(message, clock.now());
    callers.keys.push_back(identity.public_key());
    callers.initiations.push_back(message);
  }
  return callers;
}

}  // namespace

Result<double> handshake_rate(const JoinedHosts& hosts, const EnginePair& engines,
                              Duration length) {
  const Callers callers = prepare(engines.public_key(1));
  if (auto added = engines.add_callers(callers.keys); !added) return tl::unexpected(added.error());
  hosts.enter(0);
  const Endpoint to = endpoint_at(JoinedHosts::address(1), EnginePair::kPort);
  const UniqueFd socket = open_socket(to, SOCK_DGRAM);
  if (!socket || connect(socket.get(), &to.remote.any, to.remote_size()) != 0) {
    return system_failure("cannot send to " + to_string(to), errno);
  }
  bound_waits(socket.get(), kLost);
  const SystemClock clock;
  const TimePoint begin = clock.now();
  TimePoint last = begin;
  std::size_t sent = 0;
  std::size_t answered = 0;
  while (answered < kCallers && clock.now() - begin < length) {
    for (; sent < kCallers && sent - answered < kUnanswered; ++sent) {
      static_cast<void>(send(socket.get(), callers.initiations[sent].data(), sizeof(Message), 0));
    }
    Bytes<256> answer{};
    const ssize_t got = recv(socket.get(), answer.data(), answer.size(), 0);
    if (got < 0) break;  // none is coming any more
    if (classify(ByteSpan(answer).first(static_cast<std::size_t>(got))) != MessageType::kResponse) {
      continue;
    }
    ++answered;
    last = clock.now();
  }
  if (answered == 0) return failure("the engine answers no handshake");
  return static_cast<double>(answered) / std::chrono::duration<double>(last - begin).count();
}

}  // namespace wring::measure
