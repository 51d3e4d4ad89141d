// `$NAME`, `${NAME}` and `$$` in values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/values.h"

namespace wring::proxy {

using FindVariable = std::function<std::optional<std::string>(std::string_view name)>;

// `$NAME` and `${NAME}` as the whole value are a variable of the environment, `$$` at the beginning
// is a `$`. `anywhere`: `${NAME}` may also be a part of the value, which is so in [Interface] and
// [Peer] as in wring's other files. It is not so where wireproxy takes the value as it is written.
// The caller wipes the result.
[[nodiscard]] config::Read<std::string> with_variables(std::string_view value, bool anywhere,
                                                       const FindVariable& variable);

}  // namespace wring::proxy
