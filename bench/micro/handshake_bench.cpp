// What a handshake costs on either side, without its MACs; the static-static product is at hand,
// as it is for a peer that has shaken hands before.
#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "crypto/agreement.h"
#include "noise/handshake.h"
#include "tests/support/whole_handshake.h"

namespace wring {
namespace {

struct Pair {
  SystemRng rng;
  LocalIdentity initiator{generate_private_key(rng)};
  LocalIdentity responder{generate_private_key(rng)};
  SharedSecret static_static = std::move(*agree_with(initiator, responder.public_key()));
  Tai64n stamp = tai64n_from(WallTime(std::chrono::seconds(1700000000)));
  PresharedKey psk;

  [[nodiscard]] Initiation start() {
    return std::move(
        *initiate(initiator, responder.public_key(), static_static, SessionIndex{1}, stamp, rng));
  }
  [[nodiscard]] ReceivedInitiation receive(const InitiationMessage& message) {
    return std::move(*authenticate_initiation(std::move(*identify_initiator(responder, message)),
                                              message, static_static));
  }
  [[nodiscard]] Response answer(const InitiationMessage& message) {
    return std::move(*respond(receive(message), psk, SessionIndex{2}, rng));
  }
};

void initiation_made(benchmark::State& state) {
  Pair pair;
  for (auto _ : state)
    benchmark::DoNotOptimize(pair.start());
}
BENCHMARK(initiation_made);

void initiation_received(benchmark::State& state) {
  Pair pair;
  const Initiation initiation = pair.start();
  for (auto _ : state)
    benchmark::DoNotOptimize(pair.receive(initiation.message));
}
BENCHMARK(initiation_received);

void initiation_received_and_answered(benchmark::State& state) {
  Pair pair;
  const Initiation initiation = pair.start();
  for (auto _ : state)
    benchmark::DoNotOptimize(pair.answer(initiation.message));
}
BENCHMARK(initiation_received_and_answered);

void response_received(benchmark::State& state) {
  Pair pair;
  const Initiation initiation = pair.start();
  const Response response = pair.answer(initiation.message);
  for (auto _ : state) {
    benchmark::DoNotOptimize(finish(initiation.state, pair.initiator, pair.psk, response.message));
  }
}
BENCHMARK(response_received);

// So many Curve25519 products at once; from two on they are computed in lanes where that is
// possible.
void products(benchmark::State& state) {
  SystemRng rng;
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<PrivateKey> keys(count);
  std::vector<SharedSecret> secrets(count);
  std::vector<Agreement> wanted;
  for (std::size_t i = 0; i < count; ++i) {
    keys[i] = generate_private_key(rng);
    wanted.push_back({&keys[i], &kBasePoint, &secrets[i]});
  }
  for (auto _ : state)
    agree(wanted);
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetLabel(agrees_in_lanes() ? "lanes" : "libsodium");
}
BENCHMARK(products)->Arg(1)->Arg(2)->Arg(3)->Arg(8)->Arg(24);

}  // namespace
}  // namespace wring
