// Cryptokey routing among random prefixes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <vector>

#include "tables/allowed_ips.h"

namespace wring {
namespace {

constexpr std::size_t kAddresses = 4096;

Peer* some_peer(std::uint64_t number) {
  static std::array<std::max_align_t, 1024> places{};
  return reinterpret_cast<Peer*>(&places[number % places.size()]);
}

template <std::size_t kSize>
Bytes<kSize> random_address(std::mt19937_64& random) {
  Bytes<kSize> address;
  for (std::uint8_t& byte : address)
    byte = static_cast<std::uint8_t>(random());
  return address;
}

// Half of the addresses that are looked up lie in a prefix of the table, half may lie anywhere.
template <std::size_t kSize, typename Lookup>
void lookup(benchmark::State& state, std::uint8_t shortest, Lookup find) {
  std::mt19937_64 random(1);
  RcuReclaimer reclaimer;
  AllowedIps table(reclaimer);
  std::vector<Bytes<kSize>> addresses;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const auto address = random_address<kSize>(random);
    const auto length = static_cast<std::uint8_t>(shortest + random() % (kSize * 8 + 1 - shortest));
    if constexpr (kSize == 4) {
      table.insert(IpPrefix(IpAddress::v4(address), length), some_peer(random()));
    } else {
      table.insert(IpPrefix(IpAddress::v6(address), length), some_peer(random()));
    }
    if (addresses.size() < kAddresses / 2) addresses.push_back(address);
  }
  while (addresses.size() < kAddresses)
    addresses.push_back(random_address<kSize>(random));
  std::shuffle(addresses.begin(), addresses.end(), random);
  std::size_t next = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(find(table, addresses[next++ % kAddresses]));
}

void allowed_ips_v4(benchmark::State& state) {
  lookup<4>(state, 8, [](const AllowedIps& table, const Bytes<4>& address) {
    return table.lookup_v4(address);
  });
}
void allowed_ips_v6(benchmark::State& state) {
  lookup<16>(state, 16, [](const AllowedIps& table, const Bytes<16>& address) {
    return table.lookup_v6(address);
  });
}

// As on a gateway: every peer has an address of one network, in turn or at random, and those are
// looked up.
template <std::size_t kSize, typename Lookup>
void hosts(benchmark::State& state, Bytes<kSize> network, bool in_turn, Lookup find) {
  std::mt19937_64 random(1);
  RcuReclaimer reclaimer;
  AllowedIps table(reclaimer);
  std::vector<Bytes<kSize>> addresses;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    Bytes<kSize> address = network;
    const auto number = in_turn ? static_cast<std::uint64_t>(i) : random();
    constexpr std::size_t kHostBytes = kSize == 4 ? 3 : 8;
    for (std::size_t byte = 0; byte < kHostBytes; ++byte)
      address[kSize - 1 - byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    IpAddress host;
    if constexpr (kSize == 4) {
      host = IpAddress::v4(address);
    } else {
      host = IpAddress::v6(address);
    }
    table.insert(IpPrefix(host, host.full_length()), some_peer(random()));
    addresses.push_back(address);
  }
  std::shuffle(addresses.begin(), addresses.end(), random);
  addresses.resize(std::min(addresses.size(), kAddresses));
  std::size_t next = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(find(table, addresses[next++ % addresses.size()]));
}

void allowed_ips_v4_network(benchmark::State& state) {
  hosts<4>(state, {10}, true, [](const AllowedIps& table, const Bytes<4>& address) {
    return table.lookup_v4(address);
  });
}
void allowed_ips_v6_network(benchmark::State& state) {
  hosts<16>(state, {0xfd}, false, [](const AllowedIps& table, const Bytes<16>& address) {
    return table.lookup_v6(address);
  });
}
BENCHMARK(allowed_ips_v4_network)->ArgName("prefixes")->Arg(100000);
BENCHMARK(allowed_ips_v6_network)->ArgName("prefixes")->Arg(100000);
BENCHMARK(allowed_ips_v4)->ArgName("prefixes")->Arg(1)->Arg(1000)->Arg(100000);
BENCHMARK(allowed_ips_v6)->ArgName("prefixes")->Arg(1)->Arg(1000)->Arg(100000);

}  // namespace
}  // namespace wring
