#include "crypto/secret.h"

#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <new>
#include <ostream>
#include <type_traits>

#include "crypto/keys.h"
#include "noise/handshake.h"

namespace wring {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

template <typename T>
constexpr bool kKeptToItself =
    !fmt::is_formattable<T>::value && !Streamable<T> && !std::is_copy_constructible_v<T> &&
    !std::is_copy_assignable_v<T> && std::is_nothrow_move_constructible_v<T> &&
    std::is_nothrow_move_assignable_v<T>;
static_assert(kKeptToItself<PrivateKey> && kKeptToItself<PresharedKey>);
static_assert(kKeptToItself<SharedSecret> && kKeptToItself<SymmetricKey>);
static_assert(kKeptToItself<ChainingKey> && kKeptToItself<HandshakeHash>);
// Every state of a handshake wipes its hash.
static_assert(std::is_same_v<decltype(SentInitiation::hash), HandshakeHash> &&
              std::is_same_v<decltype(IdentifiedInitiation::hash), HandshakeHash> &&
              std::is_same_v<decltype(ReceivedInitiation::hash), HandshakeHash>);
static_assert(!std::is_copy_constructible_v<TransportKeys> &&
              !std::is_copy_constructible_v<SentInitiation>);
static_assert(!std::is_convertible_v<PrivateKey, PresharedKey>);
static_assert(!std::is_convertible_v<Bytes<32>, PrivateKey>);

constexpr Bytes<32> kSome{1, 2, 3};

TEST(Secret, is_zero_at_first) {
  EXPECT_TRUE(PrivateKey().is_zero());
  EXPECT_FALSE(PrivateKey(kSome).is_zero());
}

TEST(Secret, leaves_zeros_where_it_was_moved_from) {
  PrivateKey source(kSome);
  PrivateKey target(std::move(source));
  EXPECT_TRUE(source.is_zero());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(target.reveal(), kSome);
  PrivateKey assigned;
  assigned = std::move(target);
  EXPECT_TRUE(target.is_zero());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(assigned.reveal(), kSome);
}

TEST(Secret, survives_a_move_to_itself) {
  PrivateKey key(kSome);
  PrivateKey& same = key;
  key = std::move(same);
  EXPECT_EQ(key.reveal(), kSome);
}

TEST(Secret, is_wiped_when_it_is_destroyed) {
  alignas(PrivateKey) std::array<unsigned char, sizeof(PrivateKey)> memory{};
  auto* key = new (memory.data()) PrivateKey(kSome);
  key->~PrivateKey();
  // Volatile: what is left of a destroyed object is no value to the optimiser.
  const volatile unsigned char* left = memory.data();
  for (std::size_t i = 0; i < memory.size(); ++i)
    EXPECT_EQ(left[i], 0);
}

TEST(Secret, is_equal_when_every_byte_is) {
  Bytes<32> other = kSome;
  other[31] = 1;
  EXPECT_EQ(PrivateKey(kSome), PrivateKey(kSome));
  EXPECT_FALSE(PrivateKey(kSome) == PrivateKey(other));
}

TEST(Secret, is_copied_only_when_asked) {
  const PrivateKey key(kSome);
  EXPECT_EQ(key.clone(), key);
}

}  // namespace
}  // namespace wring
