// Products in lanes, and in whatever way is cheapest, are what libsodium makes of the same keys.
#include "crypto/agreement.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "crypto/aead.h"
#include "tests/support/hex.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/vector_file.h"
#ifdef WRING_X86_64
#include "crypto/avx512.h"
#include "crypto/x25519_lanes.h"
#include "crypto/x25519_narrow.h"
#endif

namespace wring {
namespace {

using test::hex_bytes;

// Numbers that are awkward: first the points of low order, 0, 1, two of order 8, p - 1, p and p +
// 1; then others that are not canonical, and limbs that are full or empty.
constexpr std::size_t kLowOrderPoints = 7;
constexpr std::array<std::string_view, 14> kPoints{
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffff0700000000000000000000000000000000000000000000000000",
    "000000000000f8ffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffff07000000000000c0ffffffffffff01000000000000f0ffffff7f",
    "0900000000000000000000000000000000000000000000000000000000000000"};

struct KnownProduct {
  std::string_view scalar;
  std::string_view point;
  std::string_view product;
};

// A random product hardly ever leaves the ladder at an end of its range. These do: small numbers
// and numbers just below p were chosen as products, scalars drawn, and points made of their
// inverses.
constexpr std::array<KnownProduct, 8> kProductsAtTheEnds{{
    {"286e6c346dd6812e97cde3f03456f3f717e9cdb03baa663226c270f74b47887b",
     "0b310f154550de5c56f0e90587c2a20f61f8318975d0eaa1861ef3a9ca486f09",
     "1500000000000000000000000000000000000000000000000000000000000000"},
    {"78d368e53c32fe1e69b7343dfd9a8a5774a183f9096522c9e2d8408b34e63776",
     "4ff242548f1dff0fb80fe7cf1616c54256f72add9b3f01b4113a0fab1e18d912",
     "0300000000001000000000000000000000000000000000000000000000000000"},
    {"f06dfc6239dfff52f52be11b11b8d6d7465554b0ed07a8e3920cad8d463a1b58",
     "aad6ea1e3e8fd7cb9f0579e630db06171f5c19e9f6ecbe3e5d6f0e56e826fa11",
     "0500000000001800000000000000000000000000000000000000000000000000"},
    {"a8b6d2b115656cc7514ccd6ef8540595aff54e49ec2ffda5a6ddddc7173b797c",
     "0726dde968bcc9812458cfd44a253ef7f3a43beb82433b16b343696e8a6de706",
     "8200000000000000000000000000000000000000000000000000000000000000"},
    {"407c769f39d8644199c0e5bdbcfbc85b37ce91cbde1fc1b0ea6b44f198a1b66b",
     "8ef2662d9440e8451d804b98b05c3c0edcfc1bd38ddd467c9b550060e6233550",
     "0200000000000000000000000000000000000000000000000000000000000000"},
    {"a0e81478007152dea8651f3fce59796168e9338b87fe1a1a45cfed92ac11ea5f",
     "e71df81afff8c60c515a3d50dbef1cfe290c3fafe0190d80c0b322961f601a62",
     "0900000000000000000000000000000000000000000000000000000000000000"},
    {"e03250b7f018023c80c170121dbaac092a65dec020dd9c16524181abe8af1d7b",
     "dd739a85f88e4f94cc84be125baf81e2b298a4a75d3143482e59b0d590590430",
     "77ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"a88a0a411f7b381cd9c205471a5c84d113855a29fc1b18c08c4d7c4942a30356",
     "acc55c4443fc67d599e95444d073ce222f8e6cf59c76d9b2ef87385e013d3f49",
     "e5ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
}};

struct Product {
  Bytes<32> scalar;
  Bytes<32> point;
  Bytes<32> result{};

  [[nodiscard]] Bytes<32> expected() const {
    Bytes<32> product{};
    const int status = crypto_scalarmult_curve25519(product.data(), scalar.data(), point.data());
    return status == 0 ? product : Bytes<32>{};
  }
};

#ifdef WRING_X86_64

struct Lanes {
  const char* name;
  std::size_t count;
  void (*compute)(std::span<const X25519Lane>);
  bool (*there)();
};
constexpr std::array kKinds{Lanes{"avx512", kX25519Lanes, x25519_lanes, has_avx512_ifma},
                            Lanes{"avx2", kX25519NarrowLanes, x25519_narrow,
                                  [] { return __builtin_cpu_supports("avx2") != 0; }}};

class X25519Lanes : public testing::TestWithParam<Lanes> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(prepare_crypto());
    if (!GetParam().there()) GTEST_SKIP() << "this processor lacks " << GetParam().name;
  }

  // By as many as there are lanes; what remains is a smaller batch.
  static void compute(std::span<Product> products) {
    while (!products.empty()) {
      const auto batch = products.first(std::min(products.size(), GetParam().count));
      std::vector<X25519Lane> lanes;
      for (Product& each : batch)
        lanes.push_back({each.scalar, each.point, each.result});
      GetParam().compute(lanes);
      products = products.subspan(batch.size());
    }
  }
  static Bytes<32> product_of(const Bytes<32>& scalar, const Bytes<32>& point) {
    std::array one{Product{scalar, point}};
    compute(one);
    return one[0].result;
  }
  static Bytes<32> all_or_nothing(Bytes<32> bytes) {
    for (std::uint8_t& byte : bytes)
      byte = (byte & 1) != 0 ? 0xff : 0;
    return bytes;
  }
  Bytes<32> any_scalar() {
    Bytes<32> scalar = rng_.bytes<32>();
    return rng_.below(4) == 0 ? all_or_nothing(scalar) : scalar;
  }
  Bytes<32> any_point() {
    Bytes<32> point = rng_.bytes<32>();
    const std::uint32_t kind = rng_.below(6);
    if (kind == 0) return all_or_nothing(point);
    if (kind == 1) {
      point = hex_bytes<32>(kPoints[rng_.below(kPoints.size())]);
      if (rng_.below(2) == 0) point[31] |= 0x80;
    }
    return point;
  }

  test::SeededRng rng_{25519};
};

INSTANTIATE_TEST_SUITE_P(Kinds, X25519Lanes, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(X25519Lanes, gives_the_products_of_rfc_7748) {
  const auto rfc = test::read_vectors("rfc.txt");
  for (const char* name : {"RFC 7748 5.2, first", "RFC 7748 5.2, second"}) {
    const auto& vector = rfc.at(name);
    EXPECT_EQ(product_of(vector.bytes<32>("scalar"), vector.bytes<32>("point")),
              vector.bytes<32>("product"))
        << name;
  }
}

TEST_P(X25519Lanes, gives_what_rfc_7748_iterates_to) {
  const auto vector = test::read_vectors("rfc.txt").at("RFC 7748 5.2, iterated");
  Bytes<32> scalar = vector.bytes<32>("start");
  Bytes<32> point = scalar;
  for (int i = 0; i < 1000; ++i)
    point = std::exchange(scalar, product_of(scalar, point));
  EXPECT_EQ(scalar, vector.bytes<32>("after_1000"));
}

TEST_P(X25519Lanes, gives_what_libsodium_gives_in_batches_of_every_size) {
  int zeros = 0;
  for (std::size_t batch = 0; batch < 500; ++batch) {
    std::vector<Product> products;
    for (std::size_t i = 0; i < 1 + batch % 24; ++i)
      products.push_back({any_scalar(), any_point()});
    compute(products);
    for (const Product& each : products) {
      ASSERT_EQ(each.result, each.expected()) << "batch " << batch;
      if (each.result == Bytes<32>{}) ++zeros;
    }
  }
  EXPECT_GT(zeros, 10);
}

TEST_P(X25519Lanes, takes_every_awkward_point_with_every_awkward_key) {
  std::vector<Product> products;
  for (const std::string_view digits : kPoints) {
    for (const unsigned top : {0x00U, 0x80U}) {
      for (const unsigned fill : {0x00U, 0xffU, 0x55U, 0xaaU}) {
        Product product{{}, hex_bytes<32>(digits)};
        product.point[31] = static_cast<std::uint8_t>(product.point[31] | top);
        product.scalar.fill(static_cast<std::uint8_t>(fill));
        products.push_back(product);
      }
    }
  }
  compute(products);
  for (const Product& each : products)
    EXPECT_EQ(each.result, each.expected());
}

TEST_P(X25519Lanes, writes_products_at_the_ends_of_their_range_as_numbers_below_p) {
  for (const KnownProduct& each : kProductsAtTheEnds) {
    const Product known{hex_bytes<32>(each.scalar), hex_bytes<32>(each.point)};
    const auto product = hex_bytes<32>(each.product);
    ASSERT_EQ(known.expected(), product);
    EXPECT_EQ(product_of(known.scalar, known.point), product);
  }
}

TEST_P(X25519Lanes, gives_zero_for_every_point_of_low_order) {  // P17
  for (std::size_t i = 0; i < kLowOrderPoints; ++i) {
    Bytes<32> point = hex_bytes<32>(kPoints[i]);
    EXPECT_EQ(product_of(rng_.bytes<32>(), point), Bytes<32>{}) << kPoints[i];
    point[31] |= 0x80;
    EXPECT_EQ(product_of(rng_.bytes<32>(), point), Bytes<32>{}) << kPoints[i];
  }
}

TEST_P(X25519Lanes, keeps_each_product_to_itself) {
  std::vector<Product> before;
  for (std::size_t i = 0; i < kX25519Lanes; ++i)
    before.push_back({rng_.bytes<32>(), rng_.bytes<32>()});
  compute(before);
  for (std::size_t changed = 0; changed < kX25519Lanes; ++changed) {
    std::vector<Product> after = before;
    after[changed].point = {};
    compute(after);
    for (std::size_t i = 0; i < kX25519Lanes; ++i)
      EXPECT_EQ(after[i].result, i == changed ? Bytes<32>{} : before[i].result) << i;
  }
}

#endif

TEST(Agreement, is_reached_for_any_number_of_keys_at_once) {
  ASSERT_TRUE(prepare_crypto());
  test::SeededRng rng(2);
  for (std::size_t count = 0; count <= 24; ++count) {
    std::vector<PrivateKey> keys(count);
    std::vector<Bytes<32>> points(count);
    std::vector<SharedSecret> secrets(count);
    std::vector<Agreement> wanted;
    for (std::size_t i = 0; i < count; ++i) {
      keys[i] = generate_private_key(rng);
      points[i] = i % 5 == 4 ? Bytes<32>{} : rng.bytes<32>();
      secrets[i] = SharedSecret(rng.bytes<32>());  // What was there before does not shine through.
      wanted.push_back({&keys[i], &points[i], &secrets[i]});
    }
    agree(wanted);
    for (std::size_t i = 0; i < count; ++i) {
      const Product alone{keys[i].reveal(), points[i]};
      EXPECT_EQ(secrets[i].reveal(), alone.expected()) << i << " of " << count;
    }
  }
}

TEST(Agreement, with_the_base_point_is_the_public_key) {
  ASSERT_TRUE(prepare_crypto());
  test::SeededRng rng(3);
  std::array<PrivateKey, 5> keys;
  std::array<SharedSecret, 5> products;
  std::vector<Agreement> wanted;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = generate_private_key(rng);
    wanted.push_back({&keys[i], &kBasePoint, &products[i]});
  }
  agree(wanted);
  for (std::size_t i = 0; i < keys.size(); ++i)
    EXPECT_EQ(products[i].reveal(), derive_public_key(keys[i]).bytes);
}

TEST(Agreement, is_reached_in_lanes_where_the_processor_has_them) {
#ifdef WRING_X86_64
  EXPECT_EQ(agrees_in_lanes(), has_avx512_ifma() || __builtin_cpu_supports("avx2"));
#else
  EXPECT_FALSE(agrees_in_lanes());
#endif
}

}  // namespace
}  // namespace wring
