// What an administrator writes, one thing an input: an endpoint, an address, a prefix, a list of
// CPUs, a command line. An accepted text is written out and read again, and is the same.
#include <cstdlib>
#include <iostream>
#include <string>

#include "cli/cpu_list.h"
#include "cli/options.h"
#include "ip/endpoint_parse.h"
#include "ip/ip_address.h"

using namespace wring;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void endpoint(std::string_view text) {
  const auto parsed = parse_endpoint(text);
  if (!parsed) return;
  require(parsed->is_set() && parsed->is_v4() != parsed->is_v6());
  require(parse_endpoint(to_string(*parsed)) == *parsed);
}

void address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  if (!parsed) return;
  require(IpAddress::parse(to_string(*parsed)) == parsed);
  require(parsed->is_v4() == (text.find(':') == text.npos));
}

void prefix(std::string_view text) {
  const auto parsed = IpPrefix::parse(text);
  if (!parsed) return;
  require(IpPrefix::parse(to_string(*parsed)) == parsed);
  require(parsed->contains(IpAddress::parse(text.substr(0, text.find('/'))).value()));
  require(IpPrefix(parsed->address, parsed->length) == *parsed);
}

void cpu_list(std::string_view text) {
  const auto parsed = parse_cpu_list(text);
  if (!parsed) return;
  std::string list;
  for (const unsigned cpu : *parsed)
    list += (list.empty() ? "" : ",") + std::to_string(cpu);
  require(!parsed->empty() && parse_cpu_list(list).value() == *parsed);
}

std::optional<Options> parse(const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"wring"};
  for (const std::string& word : words)
    argv.push_back(word.c_str());
  auto options = parse_options(static_cast<int>(argv.size()), argv.data());
  if (!options) return std::nullopt;
  return std::move(*options);
}

std::vector<std::string> written(const Options& options) {
  std::vector<std::string> words;
  if (options.foreground) words.push_back("-f");
  std::string cpus;
  for (const unsigned cpu : options.cpus)
    cpus += (cpus.empty() ? "--cpus=" : ",") + std::to_string(cpu);
  words.push_back(cpus.empty() ? "--workers=" + std::to_string(options.workers) : cpus);
  constexpr std::array kPumps = {"--io=auto", "--io=uring", "--io=epoll"};
  words.emplace_back(kPumps.at(static_cast<std::size_t>(options.io)));
  constexpr std::array kLevels = {"silent", "error", "verbose"};
  words.emplace_back("--log-level=");
  words.back() += kLevels.at(static_cast<std::size_t>(options.log_level));
  if (!options.offload) words.push_back("--no-offload");
  if (!options.key_log.empty()) words.push_back("--keylog=" + options.key_log);
  if (options.privileges.drop_all) words.push_back("--drop-all");
  if (!options.privileges.filter_system_calls) words.push_back("--no-seccomp");
  if (options.privileges.user) words.push_back("--user=" + options.privileges.user->name);
  words.push_back("--");
  words.push_back(options.interface);
  return words;
}

// One word a line.
void command_line(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == '\0') return;
    c == '\n' ? words.emplace_back() : words.back() += c;
  }
  const auto parsed = parse(words);
  if (!parsed) return;
  const auto again = parse(written(*parsed));
  require(parsed->workers >= 1 && parsed->workers <= 64);
  require(again && written(*again) == written(*parsed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* const silent = [] {
    std::cout.rdbuf(nullptr);  // --help and complaints
    return std::cerr.rdbuf(nullptr);
  }();
  static_cast<void>(silent);
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  constexpr std::array kParsers = {endpoint, address, prefix, cpu_list, command_line};
  kParsers[data[0] % kParsers.size()](text);
  return 0;
}
