// The files of tests/vectors: `[case]` begins a case, `name hex` is one of its values.
#pragma once

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/hex.h"

namespace wring::test {

class VectorCase {
 public:
  void add(const std::string& name, std::vector<std::uint8_t> value) {
    values_[name] = std::move(value);
  }
  [[nodiscard]] const std::vector<std::uint8_t>& operator[](const std::string& name) const {
    return values_.at(name);
  }
  template <std::size_t N>
  [[nodiscard]] Bytes<N> bytes(const std::string& name) const {
    const auto& value = values_.at(name);
    if (value.size() != N) throw std::invalid_argument(name + " has another size");
    return load<Bytes<N>>(value);
  }
  template <typename T>
  [[nodiscard]] T as(const std::string& name) const {
    return load<T>(bytes<sizeof(T)>(name));
  }

 private:
  std::map<std::string, std::vector<std::uint8_t>> values_;
};

inline std::map<std::string, VectorCase> read_vectors(const std::string& file) {
  std::ifstream in(std::string(WRING_VECTORS) + "/" + file);
  if (!in) throw std::runtime_error("cannot open the vectors in " + file);
  std::map<std::string, VectorCase> cases;
  VectorCase* current = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      current = &cases[line.substr(1, line.size() - 2)];
      continue;
    }
    if (current == nullptr) throw std::runtime_error("a value before the first case in " + file);
    const std::size_t space = line.find(' ');
    const bool empty = space == std::string::npos;
    current->add(line.substr(0, space),
                 empty ? std::vector<std::uint8_t>{} : hex(line.substr(space)));
  }
  return cases;
}

}  // namespace wring::test
