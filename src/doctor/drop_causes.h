// What an engine's counts of drops say about its peers. Pure.
#pragma once

#include <vector>

#include "base/drop_reason.h"
#include "doctor/finding.h"

namespace wring::doctor {

// A finding for each reason that says that something is set up wrongly.
[[nodiscard]] std::vector<Finding> explain(const DropCounts& drops);

}  // namespace wring::doctor
