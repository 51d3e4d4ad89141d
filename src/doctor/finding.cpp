// The grades of findings, and findings that are made of errors.
#include "doctor/finding.h"

#include <algorithm>
#include <iterator>

namespace wring::doctor {

std::string_view to_string(Grade grade) {
  switch (grade) {
    case Grade::kGood:
      return "good";
    case Grade::kNote:
      return "note";
    case Grade::kWarning:
      return "warning";
    case Grade::kProblem:
      break;
  }
  return "problem";
}

Finding finding_of(const Error& error, Grade grade, std::string_view code) {
  const std::size_t end = error.message.rfind("; ");
  Finding finding{grade, code, {}, error.message.substr(0, end), {}, {}};
  if (end != std::string::npos) finding.cure = error.message.substr(end + 2);
  return finding;
}

Grade worst(const std::vector<Finding>& findings) {
  Grade grade = Grade::kGood;
  for (const Finding& finding : findings)
    grade = std::max(grade, finding.grade);
  return grade;
}

void append(std::vector<Finding>& to, std::vector<Finding>&& findings) {
  std::ranges::move(findings, std::back_inserter(to));
}

}  // namespace wring::doctor
