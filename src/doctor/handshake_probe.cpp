// Initiates, and takes what comes back.
#include "doctor/handshake_probe.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <variant>

#include "base/rng.h"
#include "crypto/agreement.h"
#include "noise/cookie.h"
#include "noise/messages.h"

namespace wring::doctor {
namespace {

// A lost message is followed by another one after so long.
constexpr Duration kRetry = std::chrono::milliseconds(1500);

class Handshake {
 public:
  Handshake(const ProbeSocket& socket, const LocalIdentity& identity, const PublicKey& peer,
            const PresharedKey& psk)
      : socket_(socket), identity_(identity), peer_(peer), psk_(psk), stamper_(peer) {
    agree(std::array{Agreement{&identity_.private_key(), &peer_.bytes, &static_static_}});
  }

  HandshakeResult run(Duration patience) {
    const TimePoint end = clock_.now() + patience;
    while (!is_settled() && clock_.now() < end) {
      if (!begin()) break;
      listen(std::min(end, clock_.now() + kRetry));
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool is_settled() const {
    return result_.keys || result_.forged || result_.refused || result_.send_error != 0;
  }

  bool begin() {
    Ephemeral ephemeral;
    ephemeral.key = generate_private_key(rng_);
    agree(wanted(ephemeral, peer_));
    auto initiation = initiate(identity_, peer_, static_static_, SessionIndex{rng_.u32()},
                               tai64n_from(clock_.wall_now()), std::move(ephemeral));
    if (!initiation) return false;  // the peer's key is none that can be used
    auto message = std::bit_cast<Bytes<sizeof(InitiationMessage)>>(initiation->message);
    stamper_.stamp(message, clock_.now());
    sent_ = std::move(initiation->state);
    begun_ = clock_.now();
    result_.send_error = socket_.send(message);
    return result_.send_error == 0;
  }

  // Until something settles it, or asks for another initiation.
  void listen(TimePoint deadline) {
    while (!is_settled()) {
      const auto heard = socket_.receive(deadline);
      if (!heard) return;
      if (const auto* const report = std::get_if<IcmpReport>(&*heard)) {
        result_.refused = *report;
      } else if (take(std::get<ProbeSocket::Datagram>(*heard))) {
        return;
      }
    }
  }

  // True if it was a cookie, with which the next initiation is taken.
  bool take(ByteSpan datagram) {
    const auto type = classify(datagram);
    if (type == MessageType::kCookieReply) {
      if (!stamper_.consume_reply(load<CookieReplyMessage>(datagram), clock_.now())) return false;
      return std::exchange(result_.busy, true) == false;
    }
    if (type != MessageType::kResponse) return false;
    const auto message = load<ResponseMessage>(datagram);
    if (message.receiver != sent_->local_index.value) return false;
    ResponseProducts products;
    agree(wanted(products, *sent_, identity_, message));
    result_.keys = finish(*sent_, products, psk_, message);
    result_.forged = !result_.keys;
    result_.round_trip = clock_.now() - begun_;
    return false;
  }

  const ProbeSocket& socket_;
  const LocalIdentity& identity_;
  const PublicKey& peer_;
  const PresharedKey& psk_;
  MacStamper stamper_;
  SharedSecret static_static_;
  SystemClock clock_;
  SystemRng rng_;
  std::optional<SentInitiation> sent_;
  TimePoint begun_{};
  HandshakeResult result_;
};

}  // namespace

HandshakeResult shake_hands(const ProbeSocket& socket, const LocalIdentity& identity,
                            const PublicKey& peer, const PresharedKey& psk, Duration patience) {
  return Handshake(socket, identity, peer, psk).run(patience);
}

}  // namespace wring::doctor
