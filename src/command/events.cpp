// Listens to engines, and to the folder in which new ones appear.
#include "command/events.h"

#include <fmt/chrono.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "client/interfaces.h"
#include "command/output.h"
#include "crypto/key_text.h"

namespace wring::command {
namespace {

using client::Event;
using client::EventStream;
using Json = nlohmann::ordered_json;

struct EventWords {
  std::string interface = "all";
  bool json = false;
};

Result<void> print_events(const std::vector<Event>& events, bool json) {
  Output output(STDOUT_FILENO);
  for (const Event& event : events)
    output << (json ? event_json(event) : event_line(event));
  return output.finish();
}

// One engine, until it ends.
Result<int> follow_one(const EventWords& words) {
  auto stream = EventStream::open(words.interface);
  if (!stream) return tl::unexpected(stream.error());
  while (true) {
    pollfd ready{stream->fd(), POLLIN, 0};
    if (poll(&ready, 1, -1) < 0 && errno != EINTR) return system_failure("cannot wait", errno);
    const auto events = stream->take();
    if (!events) return tl::unexpected(events.error());
    if (auto printed = print_events(*events, words.json); !printed) {
      return tl::unexpected(printed.error());
    }
  }
}

// All that are served, and those that will be.
class All {
 public:
  explicit All(bool json) : json_(json) {}

  Result<int> follow() {
    notices_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    // A socket gets its name when it answers.
    if (!notices_ || inotify_add_watch(notices_.get(), kUapiFolder, IN_MOVED_TO | IN_CREATE) < 0) {
      const int error = errno;
      return system_failure(
          std::string("cannot watch ") + kUapiFolder, error,
          error == ENOENT ? "no interface was served yet; start one first" : "run as root");
    }
    while (true) {
      if (auto joined = join(); !joined) return tl::unexpected(joined.error());
      wait();
      if (auto taken = take(); !taken) return tl::unexpected(taken.error());
    }
  }

 private:
  [[nodiscard]] bool has(const std::string& name) const {
    return std::ranges::find(streams_, name, &EventStream::interface) != streams_.end();
  }

  // Listens to those that are new.
  Result<void> join() {
    if (!std::exchange(may_be_new_, false)) return {};
    const auto names = client::list_interfaces();
    if (!names) return tl::unexpected(names.error());
    for (const std::string& name : *names) {
      if (has(name)) continue;
      auto stream = EventStream::open(name);
      if (stream) {
        streams_.push_back(std::move(*stream));
      } else {
        std::cerr << "wring events: " << stream.error().message << "\n";
      }
    }
    return {};
  }

  void wait() const {
    std::vector<pollfd> ready{{notices_.get(), POLLIN, 0}};
    for (const EventStream& stream : streams_)
      ready.push_back({stream.fd(), POLLIN, 0});
    poll(ready.data(), ready.size(), -1);
  }

  Result<void> take() {
    std::array<char, 4096> notices;
    while (::read(notices_.get(), notices.data(), notices.size()) > 0)
      may_be_new_ = true;
    Result<void> printed;
    std::erase_if(streams_, [&](EventStream& stream) {
      const auto events = stream.take();
      if (!events) {
        std::cerr << "wring events: " << events.error().message << "\n";
      } else if (auto done = print_events(*events, json_); !done) {
        printed = done;
      }
      // A new engine may have taken its place already: that notice came too early. One that reports
      // no events is not asked again.
      if (!events && events.error().code == EPIPE) may_be_new_ = true;
      return !events;
    });
    return printed;
  }

  const bool json_;
  UniqueFd notices_;
  bool may_be_new_ = true;
  std::vector<EventStream> streams_;
};

}  // namespace

std::string event_line(const Event& event) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(event.at);
  const std::time_t time = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(seconds));
  std::string line =
      fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} {} {}", fmt::localtime(time),
                  std::chrono::duration_cast<std::chrono::milliseconds>(event.at - seconds).count(),
                  event.interface, event.name);
  if (event.peer) line.append(" ").append(KeyText(event.peer->bytes).view());
  for (const std::string& word : {event.endpoint, event.reason}) {
    if (!word.empty()) line.append(" ").append(word);
  }
  if (event.count != 0) line.append(" ").append(std::to_string(event.count));
  return line + "\n";
}

std::string event_json(const Event& event) {
  Json json;
  json["format"] = 1;
  json["time"] = std::chrono::duration<double>(event.at.time_since_epoch()).count();
  json["interface"] = event.interface;
  json["event"] = event.name;
  if (event.peer) {
    json["public_key"] = std::string(KeyText(event.peer->bytes).view());
    json["endpoint"] = event.endpoint.empty() ? Json(nullptr) : Json(event.endpoint);
  }
  if (!event.reason.empty()) json["reason"] = event.reason;
  if (event.count != 0) json["count"] = event.count;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Action describe_events(CLI::App& app) {
  auto words = std::make_shared<EventWords>();
  app.add_option("INTERFACE", words->interface,
                 "An interface; without one all that are served, and those that come")
      ->type_name("");
  app.add_flag("--json", words->json, "Print a line of JSON for each event");
  app.footer("Goes on until it is told to end, or the interface does.");
  return [words]() -> Result<int> {
    return words->interface == "all" ? All(words->json).follow() : follow_one(*words);
  };
}

}  // namespace wring::command
