// The options and commands of `wring`, as shells need them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wring::completion {

struct Option {
  std::vector<std::string> names;  // "-w", "--watch"
  std::string help;
  std::string value;  // the placeholder of its value, "FILE" for example; empty: it takes none
};

struct Command {
  std::string name;
  std::string help;
  std::vector<Option> options;
  std::vector<std::string> places;  // the placeholders of its words, in order
  bool last_place_repeats = false;
};

struct Program {
  Command engine;  // `wring INTERFACE`
  std::vector<Command> commands;
};

// Reads the definitions that the programs themselves parse with (CLI11).
[[nodiscard]] Program describe_program();

// What stands for a placeholder. Where there is no list, the shell knows (FILE) or nobody (LIST).
enum class Kind { kNothing, kWords, kInterfaces, kFiles, kUsers, kPrograms };
struct Values {
  Kind kind = Kind::kNothing;
  std::vector<std::string> words;
};
[[nodiscard]] Values values_of(std::string_view placeholder);

// The words, separated by spaces.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

}  // namespace wring::completion
