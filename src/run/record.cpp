// Keeps the note as JSON in a file that is locked.
#include "run/record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace wring::run {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSize = 64U << 10;

json to_json(const Traces& traces) {
  json rules = json::array();
  for (const RoutingRule& rule : traces.rules) {
    rules.push_back({{"version", static_cast<int>(rule.version)},
                     {"unmarked", rule.kind == RoutingRule::Kind::kUnmarked},
                     {"table", rule.table}});
  }
  return {{"rules", rules},
          {"protection", traces.protection},
          {"gateway", traces.gateway},
          {"dns_program", static_cast<int>(traces.dns.program)},
          {"dns_name", traces.dns.name}};
}

Traces from_json(const json& note) {
  Traces traces;
  for (const json& rule : note.at("rules")) {
    traces.rules.push_back(
        {rule.at("version") == 4 ? IpVersion::kV4 : IpVersion::kV6,
         rule.at("unmarked") ? RoutingRule::Kind::kUnmarked : RoutingRule::Kind::kMainNoDefault,
         rule.at("table").get<std::uint32_t>()});
  }
  traces.protection = note.at("protection");
  traces.gateway = note.value("gateway", false);
  traces.dns.program = static_cast<DnsProgram>(note.at("dns_program").get<int>());
  traces.dns.name = note.at("dns_name");
  return traces;
}

}  // namespace

Result<Record> Record::open(const std::string& interface, const std::string& folder) {
  const std::string path = folder + "/" + interface + ".json";
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return system_failure("cannot make " + folder, errno, "run as root");
  }
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!file) return system_failure("cannot open " + path, errno, "run as root");
  struct stat info {};
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0 || fstat(file.get(), &info) != 0) {
    return system_failure("cannot lock " + path, errno,
                          "another `wring run` has " + interface + "; end it first");
  }
  if (info.st_nlink == 0) return failure(interface + " is just being taken down; try again", EBUSY);
  Record record(std::move(file), folder, path);
  if (auto read = record.read(); !read) return tl::unexpected(read.error());
  return record;
}

Result<void> Record::read() {
  std::string text(kMaxSize, '\0');
  const ssize_t got = pread(file_.get(), text.data(), text.size(), 0);
  if (got < 0) return system_failure("cannot read " + path_, errno);
  if (got == 0) return {};
  text.resize(static_cast<std::size_t>(got));
  try {
    found_ = from_json(json::parse(text));
  } catch (const json::exception& error) {
    return failure(path_ + " is spoilt (" + error.what() +
                   "); see `ip rule` and `nft list tables` for what a killed wring left, and "
                   "delete the file");
  }
  return {};
}

Result<void> Record::write(const Traces& traces) const {
  // One write that covers the old text: JSON ignores spaces at the end.
  constexpr std::size_t kCovers = 1024;
  std::string text = to_json(traces).dump();
  text.resize(std::max(text.size(), kCovers), ' ');
  if (pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return system_failure("cannot write " + path_, errno);
  }
  return {};
}

void Record::remove() const {
  static_cast<void>(unlink(path_.c_str()));
  static_cast<void>(rmdir(folder_.c_str()));
}

}  // namespace wring::run
