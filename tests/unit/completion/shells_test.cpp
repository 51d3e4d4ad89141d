#include "completion/shells.h"

#include <gmock/gmock.h>

namespace wring::completion {
namespace {

using testing::HasSubstr;

class ShellsTest : public testing::Test {
 protected:
  // Calls `expect` with each option's name of each command, the engine's among them.
  template <typename Expect>
  void each_name(Expect&& expect) const {
    for (const Option& option : program.engine.options) {
      for (const std::string& name : option.names)
        expect(name);
    }
    for (const Command& command : program.commands) {
      for (const Option& option : command.options) {
        for (const std::string& name : option.names)
          expect(name);
      }
    }
  }

  const Program program = describe_program();
};

TEST_F(ShellsTest, every_command_and_option_is_in_each_script) {
  const std::string bash = bash_script(program);
  const std::string zsh = zsh_script(program);
  const std::string fish = fish_script(program);
  for (const Command& command : program.commands) {
    EXPECT_THAT(bash, HasSubstr("    " + command.name + ")\n"));
    EXPECT_THAT(zsh, HasSubstr("    '" + command.name + ":"));
    EXPECT_THAT(fish, HasSubstr(" -f -a " + command.name + " -d "));
  }
  each_name([&](const std::string& name) {
    EXPECT_THAT(bash, HasSubstr(name));
    EXPECT_THAT(zsh, HasSubstr("'" + name + "["));
    EXPECT_THAT(fish, HasSubstr(name.starts_with("--") ? " -l " + name.substr(2)
                                                       : " -s " + name.substr(1)));
  });
}

TEST_F(ShellsTest, quotes_and_brackets_of_a_help_text_do_not_end_it) {
  Program odd;
  odd.commands.push_back(
      {"odd", "It's [odd]: \\ all", {{{"--odd"}, "it's [a]: b\\", ""}}, {}, false});
  EXPECT_THAT(zsh_script(odd), HasSubstr("'odd:It'\\''s [odd]\\: \\\\ all'"));
  EXPECT_THAT(zsh_script(odd), HasSubstr("'--odd[it'\\''s \\[a\\]\\: b\\\\]'"));
  EXPECT_THAT(fish_script(odd), HasSubstr("-d 'It\\'s [odd]: \\\\ all'"));
}

}  // namespace
}  // namespace wring::completion
