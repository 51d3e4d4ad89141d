// `wring events`: prints what happens to peers, as it happens.
#pragma once

#include "client/event_stream.h"
#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_events(CLI::App& app);

// A line for people, and one of JSON. Both end with a newline.
[[nodiscard]] std::string event_line(const client::Event& event);
[[nodiscard]] std::string event_json(const client::Event& event);

}  // namespace wring::command
