// Seals batches of packets by one implementation of the cipher, for bench/micro/cipher_cost.py to
// count the instructions of. Arguments: its name for WRING_AEAD, the size of a packet, how many
// packets a batch has, how many batches. Prints the name of the implementation.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/decimal.h"
#include "crypto/aead_engine.h"

namespace wring {
namespace {

std::size_t number(const char* text) {
  const auto parsed = parse_decimal<std::size_t>(text);
  if (!parsed) std::exit(2);
  return *parsed;
}

int run(const char* name, std::size_t size, std::size_t packets, std::size_t batches) {
  const auto backend = aead_backend_named(name);
  if (!backend || !prepare_crypto()) return 2;
  // Made also where nothing is sealed, so that two runs differ in nothing but batches.
  const auto engine = make_aead_engine(*backend);
  if (!engine) return 3;
  const SymmetricKey key(Bytes<32>{1, 2, 3});
  std::vector<std::uint8_t> memory(packets * (size + kTagSize));
  std::vector<SealJob> jobs;
  for (std::size_t i = 0; i < packets; ++i) {
    const auto out = MutByteSpan(memory).subspan(i * (size + kTagSize), size + kTagSize);
    jobs.push_back({&key, i, out.first(size), out});
  }
  for (std::size_t i = 0; i < batches; ++i)
    engine->seal(jobs);
  std::printf("%.*s\n", static_cast<int>(engine->name().size()), engine->name().data());
  return 0;
}

}  // namespace
}  // namespace wring

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  return wring::run(argv[1], wring::number(argv[2]), wring::number(argv[3]),
                    wring::number(argv[4]));
}
