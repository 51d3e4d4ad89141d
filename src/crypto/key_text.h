// Keys as `wg` writes them: base64.
#pragma once

#include <sodium.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace wring {

inline constexpr std::size_t kKeyTextSize = 44;

// Decodes the 44 characters of a key straight into `key`, so that no copy of a secret stays behind.
// Returns false, and may have written some of `key`, if the text is not exactly that.
[[nodiscard]] inline bool decode_key(std::string_view text, MutByteSpan key) {
  std::size_t size = 0;
  const char* end = nullptr;
  return text.size() == kKeyTextSize &&
         sodium_base642bin(key.data(), key.size(), text.data(), text.size(), nullptr, &size, &end,
                           sodium_base64_VARIANT_ORIGINAL) == 0 &&
         size == key.size() && end == text.data() + text.size();
}

// The 44 characters of a key of 32 bytes. They are overwritten at the end, because the key may be a
// secret one.
class KeyText {
 public:
  explicit KeyText(const Bytes<32>& key) {
    sodium_bin2base64(text_.data(), text_.size(), key.data(), key.size(),
                      sodium_base64_VARIANT_ORIGINAL);
  }
  KeyText(const KeyText&) = delete;
  KeyText& operator=(const KeyText&) = delete;
  ~KeyText() { sodium_memzero(text_.data(), text_.size()); }

  // Valid as long as this object.
  [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size() - 1}; }

 private:
  std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)> text_{};
};

}  // namespace wring
