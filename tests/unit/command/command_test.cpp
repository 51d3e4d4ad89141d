#include "command/command.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"

namespace wring::command {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

TEST(CommandTest, wring_starts_exactly_the_commands_that_there_are) {
  std::vector<std::string_view> names;
  for (const Command& command : commands())
    names.emplace_back(command.name);
  EXPECT_THAT(names, ElementsAreArray(command_names()));
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST(CommandTest, each_word_is_a_command_and_no_other_is) {
  for (const Command& command : commands())
    EXPECT_TRUE(is_command(command.name));
  for (const char* word : {"wg0", "", "-f", "--help", "genke", "genkeys"})
    EXPECT_FALSE(is_command(word)) << word;
}

TEST(CommandTest, the_command_that_is_named_is_chosen) {
  for (const Command& command : commands()) {
    CLI::App app;
    Chosen chosen;
    describe_all(app, chosen);
    ASSERT_THROW(app.parse(std::string(command.name) + " --help"), CLI::CallForHelp);
    const auto named = app.get_subcommands();
    ASSERT_EQ(named.size(), 1U);
    EXPECT_EQ(named.front()->get_name(), command.name);
  }
}

TEST(CommandTest, one_command_has_to_be_named) {
  for (const char* words : {"", "no-such-command", "genkey pubkey", "genkey surplus"}) {
    CLI::App app;
    Chosen chosen;
    describe_all(app, chosen);
    EXPECT_THROW(app.parse(words), CLI::ParseError) << words;
    EXPECT_EQ(chosen.command, nullptr) << words;
  }
}

TEST(SplitProgram, keeps_the_words_of_a_program_from_cli11) {
  const char* const exec[] = {"exec", "--dns", "::1", "wg0", "--", "[", "-x", "--", ""};
  std::vector<std::string> program;
  EXPECT_THAT(split_program(exec, program), ElementsAre("exec", "--dns", "::1", "wg0"));
  EXPECT_THAT(program, ElementsAre("[", "-x", "--", ""));
  const char* const run[] = {"run", "wg0", "--", "--workers", "2"};
  EXPECT_THAT(split_program(run, program), ElementsAre("run", "wg0"));
  EXPECT_THAT(program, ElementsAre("--workers", "2"));
  const char* const show[] = {"show", "--", "wg0"};
  program.clear();
  EXPECT_THAT(split_program(show, program), ElementsAre("show", "--", "wg0"));
  EXPECT_THAT(program, IsEmpty());
  EXPECT_THAT(split_program({}, program), IsEmpty());
}

}  // namespace
}  // namespace wring::command
