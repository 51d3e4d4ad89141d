#include "command/output.h"

#include <fcntl.h>

#include <cerrno>

#include "captured.h"

namespace wring::command {
namespace {

using test::captured;

TEST(OutputTest, text_of_any_length_comes_through_in_order) {
  const std::string longer(300'000, 'x');
  EXPECT_EQ(captured([&](Output& output) {
              output << "a" << 18446744073709551615U << longer << Bytes<32>{} << -1 << "\n";
            }),
            "a18446744073709551615" + longer + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=-1\n");
}

TEST(OutputTest, what_is_behind_the_last_line_that_fits_is_left_out) {
  const auto limited = [](std::size_t lines) {
    return captured([&](Output& output) {
      output.limit_lines(lines);
      output << "one\ntwo\nthr"
             << "ee"
             << "\n"
             << 4 << "\n"
             << Bytes<32>{} << "\nsix";
    });
  };
  EXPECT_EQ(limited(0), "");
  EXPECT_EQ(limited(1), "one\n");
  EXPECT_EQ(limited(3), "one\ntwo\nthree\n");
  EXPECT_EQ(limited(4), "one\ntwo\nthree\n4\n");
  EXPECT_EQ(limited(5).size(), 61U);
  EXPECT_TRUE(limited(6).ends_with("\nsix"));
}

TEST(OutputTest, a_full_disk_is_an_error) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  Output output(full.get());
  output << std::string(200'000, 'x');
  const auto written = output.finish();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ENOSPC);
}

}  // namespace
}  // namespace wring::command
