// A note of what outlasts a supervisor that is killed: the next one for the same interface reads it
// and clears up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "netlink/network_changes.h"
#include "run/dns.h"

namespace wring::run {

inline constexpr const char* kRecordFolder = "/var/run/wring";

struct Traces {
  std::vector<RoutingRule> rules;
  DnsTarget dns;
  bool protection = false;  // tables of nftables
  bool gateway = false;     // another one
};

// FOLDER/INTERFACE.json, locked for as long as this lives. remove() deletes it; else it stays.
class Record {
 public:
  // EBUSY: a process that lives has it. Makes the folder.
  static Result<Record> open(const std::string& interface,
                             const std::string& folder = kRecordFolder);

  // What the one before left there, if it was killed.
  [[nodiscard]] const std::optional<Traces>& found() const { return found_; }
  // Write it down before it is done.
  [[nodiscard]] Result<void> write(const Traces& traces) const;
  // The folder goes, too, if nothing else is in it.
  void remove() const;

 private:
  Record(UniqueFd file, std::string folder, std::string path)
      : file_(std::move(file)), folder_(std::move(folder)), path_(std::move(path)) {}
  [[nodiscard]] Result<void> read();

  UniqueFd file_;
  std::string folder_;
  std::string path_;
  std::optional<Traces> found_;
};

}  // namespace wring::run
