// One thing that the doctor looked at, and what it makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wring::doctor {

// kNote: it may be meant so, and costs nothing. kWarning: it works, but worse than it could.
// kProblem: something does not work.
enum class Grade : std::uint8_t { kGood, kNote, kWarning, kProblem };
// "good", "note", "warning", "problem".
[[nodiscard]] std::string_view to_string(Grade grade);

struct Finding {
  Grade grade = Grade::kGood;
  // A name that does not change, for programs: "tun", "wrong-port". A literal.
  std::string_view code;
  std::string about;  // an interface or a peer; empty: this host
  std::string found;
  std::string means;  // empty if there is nothing to say, as are these two for kGood
  std::string cure;
};

// What an Error says behind its last "; " is what to do.
[[nodiscard]] Finding finding_of(const Error& error, Grade grade, std::string_view code);
// The worst of all; kGood if there are none.
[[nodiscard]] Grade worst(const std::vector<Finding>& findings);
// Moves the findings to the end of the list.
void append(std::vector<Finding>& to, std::vector<Finding>&& findings);

}  // namespace wring::doctor
