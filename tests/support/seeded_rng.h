// Entropy for tests: the same in every run.
#pragma once

#include <random>
#include <stdexcept>
#include <vector>

#include "base/rng.h"

namespace wring::test {

// Gives exactly the bytes that it was made with.
class ScriptedRng final : public Rng {
 public:
  explicit ScriptedRng(std::vector<std::uint8_t> script) : script_(std::move(script)) {}
  void fill(MutByteSpan out) override {
    for (std::uint8_t& byte : out)
      byte = script_.at(next_++);
  }

 private:
  std::vector<std::uint8_t> script_;
  std::size_t next_ = 0;
};

class SeededRng final : public Rng {
 public:
  explicit SeededRng(std::uint64_t seed) : engine_(seed) {}
  void fill(MutByteSpan out) override {
    for (std::uint8_t& byte : out)
      byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace wring::test
