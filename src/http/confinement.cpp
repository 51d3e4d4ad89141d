// Gives up what the threads of the server do not need. A kernel without Landlock leaves them more.
#include "http/confinement.h"

#include "process/file_rules.h"
#include "process/privileges.h"
#include "process/system_call_filter.h"

namespace wring::http {

Result<void> confine_server(bool filter_system_calls) {
  if (auto dropped = drop_all_capabilities(); !dropped) return dropped;
  if (!filter_system_calls) return {};
  restrict_files({});
  return wring::filter_system_calls(ThreadRole::kServer);
}

Result<void> confine_asker(const std::vector<std::string>& readable, bool filter_system_calls) {
  if (auto dropped = drop_all_capabilities(); !dropped) return dropped;
  if (!filter_system_calls) return {};
  restrict_files({{}, readable, false});
  return wring::filter_system_calls(ThreadRole::kAsker);
}

}  // namespace wring::http
