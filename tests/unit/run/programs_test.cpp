// Other programs: their words, input, status and signals.
#include "run/programs.h"

#include <gtest/gtest.h>

#include <csignal>

namespace wring::run {
namespace {

TEST(RunProgram, passes_words_and_input_and_returns_the_status) {
  EXPECT_EQ(run_program({"sh", "-c", "read a; [ \"$a$1\" = \"in a b\" ]", "sh", " a b"}, "in\n"),
            0);
  EXPECT_EQ(run_program({"sh", "-c", "exit 7"}), 7);
  EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}), 128 + SIGKILL);
  EXPECT_FALSE(run_program({"/nowhere/program"}));
}

TEST(RunProgram, blocks_no_signal) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  EXPECT_EQ(run_program({"sh", "-c", "kill -TERM $$; exit 0"}), 128 + SIGTERM);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(FindProgram, looks_in_the_folders_of_path) {
  EXPECT_FALSE(find_program("sh").empty());
  EXPECT_TRUE(find_program("no-such-program").empty());
}

TEST(RunHook, puts_the_interface_in) {
  EXPECT_TRUE(run_hook("[ %i%i = wg0wg0 ]", "wg0"));
  const auto failed = run_hook("false %i", "wg0");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "it ended with status 1: false wg0");
}

}  // namespace
}  // namespace wring::run
