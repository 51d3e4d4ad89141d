// Compares hashes under a key of this process.
#include "proxy/passwords.h"

#include <sodium.h>

#include <array>

namespace wring::proxy {
namespace {

using Hash = std::array<unsigned char, crypto_generichash_BYTES>;
using HashKey = std::array<unsigned char, crypto_generichash_KEYBYTES>;

HashKey draw_key() {
  HashKey key;
  crypto_generichash_keygen(key.data());
  return key;
}

Hash hash_of(std::string_view text) {
  static const HashKey kKey = draw_key();
  Hash hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), kKey.data(), kKey.size());
  return hash;
}

bool same(const Hash& a, const Hash& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

bool are_right(const std::vector<Credentials>& pairs, std::string_view username,
               std::string_view password) {
  const Hash name = hash_of(username);
  const Hash word = hash_of(password);
  bool found = false;
  for (const Credentials& pair : pairs) {
    const bool name_is_right = same(hash_of(pair.username), name);
    const bool word_is_right = same(hash_of(pair.password), word);
    found = found || (name_is_right && word_is_right);
  }
  return found;
}

}  // namespace wring::proxy
