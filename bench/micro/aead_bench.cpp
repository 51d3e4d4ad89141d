// Sealing and opening batches of data packets, by backend and packet size.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "crypto/aead_engine.h"

namespace wring {
namespace {

// Packets as a worker has them: plaintexts in one place, datagrams one behind the other in another.
class Packets {
 public:
  Packets(std::size_t count, std::size_t size)
      : size_(size), plaintexts_(count * size), datagrams_(count * (kHeader + size + kTagSize)) {
    for (std::size_t i = 0; i < count; ++i) {
      seal_jobs_.push_back({&key_, i, ByteSpan(plaintexts_).subspan(i * size, size), datagram(i)});
      open_jobs_.push_back({&key_, i, datagram(i)});
    }
  }
  [[nodiscard]] std::vector<SealJob>& to_seal() { return seal_jobs_; }
  [[nodiscard]] std::vector<OpenJob>& to_open() { return open_jobs_; }

 private:
  static constexpr std::size_t kHeader = 16;
  [[nodiscard]] MutByteSpan datagram(std::size_t i) {
    return MutByteSpan(datagrams_)
        .subspan(i * (kHeader + size_ + kTagSize) + kHeader, size_ + kTagSize);
  }

  SymmetricKey key_{Bytes<32>{1, 2, 3, 4}};
  std::size_t size_;
  std::vector<std::uint8_t> plaintexts_;
  std::vector<std::uint8_t> datagrams_;
  std::vector<SealJob> seal_jobs_;
  std::vector<OpenJob> open_jobs_;
};

void count(benchmark::State& state, std::size_t packets, std::size_t size) {
  const auto batches = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(batches * static_cast<std::int64_t>(packets));
  state.SetBytesProcessed(batches * static_cast<std::int64_t>(packets * size));
}

void seal_batch(benchmark::State& state, AeadBackend backend) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto number = static_cast<std::size_t>(state.range(1));
  const auto engine = make_aead_engine(backend);
  if (!engine) return state.SkipWithError("this build or this processor lacks it");
  Packets packets(number, size);
  for (auto _ : state) {
    engine->seal(packets.to_seal());
    benchmark::ClobberMemory();
  }
  count(state, number, size);
}

// Opening overwrites its input, so each round copies the sealed packets first. The copy, a few
// hundredths of the whole, counts for every backend alike.
void open_batch(benchmark::State& state, AeadBackend backend) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto number = static_cast<std::size_t>(state.range(1));
  const auto engine = make_aead_engine(backend);
  if (!engine) return state.SkipWithError("this build or this processor lacks it");
  Packets sealed(number, size);
  Packets packets(number, size);
  seal(sealed.to_seal());
  for (auto _ : state) {
    for (std::size_t i = 0; i < number; ++i) {
      const MutByteSpan from = sealed.to_open()[i].sealed;
      std::memcpy(packets.to_open()[i].sealed.data(), from.data(), from.size());
    }
    engine->open(packets.to_open());
    benchmark::ClobberMemory();
  }
  for (const OpenJob& job : packets.to_open()) {
    if (!job.authentic) state.SkipWithError("an authentic packet was found forged");
  }
  count(state, number, size);
}

const bool kRegistered = [] {
  for (const std::int64_t batch : {32, 4, 1}) {
    for (const std::int64_t size : {1420, 512, 256, 128, 64}) {
      for (const NamedAeadBackend& named : kAeadBackends) {
        const std::string suffix = "/" + std::string(named.name);
        benchmark::RegisterBenchmark(("seal" + suffix).c_str(), seal_batch, named.backend)
            ->ArgNames({"bytes", "batch"})
            ->Args({size, batch});
        benchmark::RegisterBenchmark(("open" + suffix).c_str(), open_batch, named.backend)
            ->ArgNames({"bytes", "batch"})
            ->Args({size, batch});
      }
    }
  }
  return prepare_crypto();
}();

}  // namespace
}  // namespace wring
