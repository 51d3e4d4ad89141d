#include "tests/sim/simulated_network.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "ip/endpoint_parse.h"

namespace wring::test {

Endpoint address_of(std::string_view text) {
  return parse_endpoint(text).value();
}

Bytes<18> key_of(const Endpoint& endpoint) {
  return cookie_bytes(endpoint).bytes;
}

void SimulatedNetwork::send(Datagram datagram, TimePoint now) {
  datagram.sent = now;
  take_fingerprint(datagram);
  log_.push_back(datagram);
  if (is_cut_ || (filter_ && !filter_(datagram))) return;
  translate_source(datagram, now);
  if (happens(quality_.loss)) return;
  if (happens(quality_.duplication)) enqueue(datagram, now);
  if (happens(quality_.corruption) && !datagram.payload.empty()) {
    const std::uint32_t bit = rng_.below(static_cast<std::uint32_t>(8 * datagram.payload.size()));
    datagram.payload[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  enqueue(std::move(datagram), now);
}

TimePoint SimulatedNetwork::next_arrival() const {
  return under_way_.empty() ? kNever : under_way_.top().arrives;
}

std::optional<Datagram> SimulatedNetwork::arrived(TimePoint now) {
  while (next_arrival() <= now) {
    Datagram datagram = under_way_.top();
    under_way_.pop();
    if (translate_destination(datagram, now)) return datagram;
  }
  return std::nullopt;
}

Duration SimulatedNetwork::delay() {
  const auto spread =
      std::chrono::duration_cast<std::chrono::microseconds>(quality_.max_delay - quality_.min_delay)
          .count();
  if (spread == 0) return quality_.min_delay;
  return quality_.min_delay +
         std::chrono::microseconds(rng_.below(static_cast<std::uint32_t>(spread)));
}

void SimulatedNetwork::translate_source(Datagram& datagram, TimePoint now) {
  for (Nat& nat : nats_) {
    if (key_of(nat.inside) != key_of(datagram.from)) continue;
    if (nat.mapped && now - nat.last_used >= nat.forgets_after) {
      in_port_t& port = nat.outside.remote.v4.sin_port;
      port = htons(static_cast<std::uint16_t>(ntohs(port) + 1));
    }
    nat.mapped = true;
    nat.last_used = now;
    datagram.from = nat.outside;
  }
}

bool SimulatedNetwork::translate_destination(Datagram& datagram, TimePoint now) {
  for (Nat& nat : nats_) {
    if (key_of(nat.inside) == key_of(datagram.to)) return false;  // not reachable from outside
    if (key_of(nat.outside) != key_of(datagram.to)) continue;
    if (!nat.mapped || now - nat.last_used >= nat.forgets_after) return false;
    nat.last_used = now;
    datagram.to = nat.inside;
    return true;
  }
  return true;
}

void SimulatedNetwork::enqueue(Datagram datagram, TimePoint now) {
  datagram.arrives = now + delay();
  datagram.order = next_order_++;
  under_way_.push(std::move(datagram));
}

void SimulatedNetwork::take_fingerprint(const Datagram& datagram) {
  // Eight bytes at a time, because this is done for every byte that anybody sends.
  const auto mix = [this](ByteSpan bytes) {
    while (!bytes.empty()) {
      std::uint64_t word = 0;
      const std::size_t size = std::min(bytes.size(), sizeof word);
      std::memcpy(&word, bytes.data(), size);
      fingerprint_ = std::rotl((fingerprint_ ^ word) * 1099511628211ULL, 29);
      bytes = bytes.subspan(size);
    }
  };
  mix(std::bit_cast<Bytes<8>>(datagram.sent.time_since_epoch().count()));
  mix(key_of(datagram.from));
  mix(key_of(datagram.to));
  mix(datagram.payload);
}

}  // namespace wring::test
