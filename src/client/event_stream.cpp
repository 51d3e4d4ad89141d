// Reads events from an engine.
#include "client/event_stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/decimal.h"
#include "base/hex.h"
#include "client/connection.h"
#include "client/get_parser.h"

namespace wring::client {
namespace {

// Lines of a newer engine that are unknown here are skipped.
bool read_line(std::string_view key, std::string_view value, Event& event) {
  if (key == "event") {
    event.name = value;
  } else if (key == "endpoint") {
    event.endpoint = value;
  } else if (key == "reason") {
    event.reason = value;
  } else if (key == "public_key") {
    return decode_hex(value, event.peer.emplace().bytes);
  } else if (key == "time_sec" || key == "time_nsec" || key == "count") {
    const auto number = parse_decimal<std::uint64_t>(value);
    if (!number || *number > INT64_MAX / 1'000'000'000) return false;
    const auto signed_number = static_cast<std::int64_t>(*number);
    if (key == "count") event.count = *number;
    if (key == "time_sec") event.at += std::chrono::seconds(signed_number);
    if (key == "time_nsec") event.at += std::chrono::nanoseconds(signed_number);
  }
  return true;
}

}  // namespace

Result<EventStream> EventStream::open(const std::string& interface, const std::string& folder) {
  auto connection = Connection::open(interface, folder);
  if (!connection) return tl::unexpected(connection.error());
  auto stream = std::move(*connection).ask_for_events();
  if (!stream) return tl::unexpected(stream.error());
  return EventStream(std::move(*stream), interface);
}

Result<std::vector<Event>> EventStream::take() {
  std::vector<Event> events;
  char* const tail = buffer_->tail();
  const ssize_t got = recv(stream_.get(), tail, buffer_->room(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return events;
  if (got <= 0 && !is_answered_) {
    return failure(interface_ + ": its engine reports no events", EOPNOTSUPP);
  }
  if (got <= 0) return failure(interface_ + ": its engine ended", EPIPE);
  buffer_->produced(static_cast<std::size_t>(got));
  while (const auto line = buffer_->next()) {
    if (auto taken = take_line(*line, events); !taken) return tl::unexpected(taken.error());
  }
  return events;
}

Result<void> EventStream::take_line(std::string_view line, std::vector<Event>& events) {
  const std::size_t equals = line.find('=');
  if (line.empty()) {
    if (!std::exchange(is_answered_, true)) {
      event_.name = "listening";
      event_.at = SystemClock().wall_now();
      event_.interface = interface_;
    }
    events.push_back(std::move(event_));
    event_ = Event();
    event_.interface = interface_;
    return {};
  }
  const std::string_view key = line.substr(0, equals);
  const std::string_view value = equals == line.npos ? "" : line.substr(equals + 1);
  if (!is_answered_ && key == "errno") {
    const int number = parse_errno(value).value_or(EPROTO);
    if (number == 0) return {};
    if (number == EBUSY) {
      return failure(interface_ + " reports events to too many others; end one of them", EBUSY);
    }
    return failure(interface_ + ": its engine reports no events; it is older than this command",
                   EOPNOTSUPP);
  }
  if (read_line(key, value, event_)) return {};
  return failure(interface_ + ": it reports a bad line \"" + std::string(key) + "\"", EPROTO);
}

}  // namespace wring::client
