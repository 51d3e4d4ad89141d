// What each packet costs besides the cipher: its counter, its checksum.
#include <benchmark/benchmark.h>

#include <vector>

#include "ip/checksum.h"
#include "peer/replay_window.h"

namespace wring {
namespace {

void replay_window_in_order(benchmark::State& state) {
  ReplayWindow window;
  std::uint64_t counter = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(window.accept(counter++));
}
BENCHMARK(replay_window_in_order);

// Each group of 32 packets arrives in reverse.
void replay_window_reordered(benchmark::State& state) {
  ReplayWindow window;
  std::uint64_t counter = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(window.accept(counter++ ^ 31));
}
BENCHMARK(replay_window_reordered);

void checksum(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state)
    benchmark::DoNotOptimize(internet_checksum(bytes));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(checksum)->ArgName("bytes")->Arg(64)->Arg(512)->Arg(1420)->Arg(65483);

}  // namespace
}  // namespace wring
