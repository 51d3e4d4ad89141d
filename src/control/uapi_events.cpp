// Writes an event as lines KEY=VALUE.
#include "control/uapi_events.h"

#include <chrono>
#include <string>

namespace wring {

void append_event(TextBuffer& out, const ReportedEvent& event) {
  const auto add = [&out](std::string_view key, auto append) {
    out.append(key);
    out.append("=");
    append();
    out.append("\n");
  };
  const auto since_1970 = event.at.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_1970);
  add("event", [&] { out.append(event.name); });
  add("time_sec", [&] { out.append_number(seconds.count()); });
  add("time_nsec", [&] { out.append_number((since_1970 - seconds).count()); });
  if (event.peer != nullptr) add("public_key", [&] { out.append_hex(event.peer->bytes); });
  if (event.endpoint.is_set()) add("endpoint", [&] { out.append(to_string(event.endpoint)); });
  if (event.reason) add("reason", [&] { out.append(name(*event.reason)); });
  if (event.count != 0) add("count", [&] { out.append_number(event.count); });
  out.append("\n");
}

}  // namespace wring
