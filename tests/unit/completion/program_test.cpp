#include "completion/program.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "cli/options.h"
#include "command/command.h"

namespace wring::completion {
namespace {

using testing::Contains;
using testing::ElementsAre;

const Command& named(const Program& program, std::string_view name) {
  return *std::ranges::find(program.commands, name, &Command::name);
}

TEST(ProgramTest, every_command_is_there_with_its_help) {
  const Program program = describe_program();
  // And `wring proxy`, which is a program of its own.
  ASSERT_EQ(program.commands.size(), command::commands().size() + 1);
  for (const command::Command& command : command::commands())
    EXPECT_EQ(named(program, command.name).help, command.summary);
}

TEST(ProgramTest, options_have_all_names_and_say_whether_they_take_a_value) {
  const Program program = describe_program();
  const auto option = [](const Command& command, const std::string& name) {
    return *std::ranges::find_if(command.options, [&](const Option& one) {
      return std::ranges::find(one.names, name) != one.names.end();
    });
  };
  EXPECT_THAT(option(program.engine, "-f").names, ElementsAre("-f", "--foreground"));
  EXPECT_EQ(option(program.engine, "-f").value, "");
  EXPECT_EQ(option(program.engine, "--workers").value, "N");
  EXPECT_EQ(option(named(program, "show"), "--watch").value, "");
  EXPECT_EQ(option(named(program, "proxy"), "-c").value, "CONFIG");
  EXPECT_EQ(option(named(program, "proxy"), "-n").value, "");
}

TEST(ProgramTest, words_have_their_places) {
  const Program program = describe_program();
  EXPECT_THAT(program.engine.places, ElementsAre("INTERFACE"));
  EXPECT_THAT(named(program, "show").places, ElementsAre("INTERFACE", "FIELD"));
  EXPECT_FALSE(named(program, "show").last_place_repeats);
  EXPECT_THAT(named(program, "set").places, ElementsAre("INTERFACE", "SETTING"));
  EXPECT_TRUE(named(program, "set").last_place_repeats);
  EXPECT_THAT(named(program, "check").places, ElementsAre("FILE"));
  EXPECT_TRUE(named(program, "check").last_place_repeats);
  EXPECT_THAT(named(program, "proxy").places, ElementsAre("CONFIG"));
}

TEST(ProgramTest, each_word_that_is_offered_for_an_option_is_taken) {
  for (const auto& [option, placeholder] :
       {std::pair{"--log-level", "LEVEL"}, std::pair{"--io", "KIND"}}) {
    const Values values = values_of(placeholder);
    ASSERT_EQ(values.kind, Kind::kWords);
    for (const std::string& word : values.words) {
      const char* const argv[] = {"wring", option, word.c_str(), "wg0"};
      EXPECT_TRUE(parse_options(4, argv)) << option << " " << word;
    }
  }
}

TEST(ProgramTest, fields_and_settings_are_offered) {
  EXPECT_THAT(values_of("FIELD").words, Contains("latest-handshakes"));
  EXPECT_THAT(values_of("SETTING").words, Contains("persistent-keepalive"));
  EXPECT_EQ(values_of("FILE").kind, Kind::kFiles);
  EXPECT_EQ(values_of("LIST").kind, Kind::kNothing);
}

}  // namespace
}  // namespace wring::completion
