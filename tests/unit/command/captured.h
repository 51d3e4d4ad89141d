// What is written to an Output, as a string.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "base/unique_fd.h"
#include "command/output.h"

namespace wring::command::test {

inline std::string captured(const std::function<void(Output&)>& write) {
  std::string path = "/tmp/wring-output-XXXXXX";
  const UniqueFd file(mkstemp(path.data()));
  unlink(path.c_str());
  Output output(file.get());
  write(output);
  EXPECT_TRUE(output.finish());
  std::string text(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return text;
}

}  // namespace wring::command::test
