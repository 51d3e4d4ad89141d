// Looks names up in threads of their own, because the system's resolver blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/name_lookup.h"
#include "ip/endpoint.h"

namespace wring::run {

struct NameAnswer {
  std::size_t id = 0;
  tl::expected<std::vector<Endpoint>, client::LookupError> endpoints;  // at least one
};

// One thread uses it. A look-up that is under way at the end goes on alone, and its answer is lost.
class NameLookups {
 public:
  static Result<NameLookups> create();

  // Starts a look-up. `id` comes back with the answer. At most kMaxThreads are under way at once.
  void ask(std::size_t id, const std::string& host, std::uint16_t port);
  // Readable when there are answers.
  [[nodiscard]] int fd() const;
  // The answers since the last call. Never blocks.
  [[nodiscard]] std::vector<NameAnswer> take();

  static constexpr std::size_t kMaxThreads = 32;

 private:
  struct Shared;
  explicit NameLookups(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<Shared> shared_;  // with the threads
};

}  // namespace wring::run
