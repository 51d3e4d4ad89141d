// A folder that goes with all that is in it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace wring::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/wring-control-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace wring::test
