// A set-up or a request that may fail: a value, or an Error that says what, where and what to do.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace wring {

struct Error {
  // One line, without the program's name: "cannot open /dev/net/tun: Permission denied; run as
  // root".
  std::string message;
  // The errno that caused it, or that the control socket answers with; 0 where there is none.
  int code = 0;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string message, int code = 0) {
  return tl::unexpected<Error>(Error{std::move(message), code});
}

// "what: strerror(code); advice" (advice may be empty).
tl::unexpected<Error> system_failure(const std::string& what, int code,
                                     const std::string& advice = {});

}  // namespace wring
