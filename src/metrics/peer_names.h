// Names of peers, from comments of configurations.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <string_view>

#include "crypto/keys.h"

namespace wring::metrics {

// Those of one file, which is read again when it has changed. One thread.
class NameFile {
 public:
  explicit NameFile(std::string path) : path_(std::move(path)) {}

  // Looks at the file. One that is missing or cannot be read has no names.
  void refresh();
  // Empty if there is none.
  [[nodiscard]] std::string_view name_of(const PublicKey& peer) const;

 private:
  void read();

  std::string path_;
  struct stat seen_ {};  // zeros: nothing was read
  std::map<PublicKey, std::string> names_;
};

}  // namespace wring::metrics
