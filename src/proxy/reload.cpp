// Opens what is new outside, has the relay change, and then the tunnel.
#include "proxy/reload.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/whole_file.h"
#include "proxy/listener_places.h"

namespace wring::proxy {
namespace {

using exec::Message;

constexpr std::size_t kMaxPem = std::size_t{1} << 20;

bool has(const ProxyConfig& config, Listener::Kind kind) {
  return std::ranges::find(config.listeners, kind, &Listener::kind) != config.listeners.end();
}

bool same_interface(const ProxyConfig& a, const ProxyConfig& b) {
  const auto mtu_of = [](const ProxyConfig& config) {
    const auto& mtu = config.tunnel.interface.mtu;
    return mtu ? mtu->value : 0;
  };
  return mtu_of(a) == mtu_of(b) &&
         std::ranges::equal(a.tunnel.interface.addresses, b.tunnel.interface.addresses,
                            [](const auto& one, const auto& other) {
                              return one.value.address == other.value.address;
                            });
}

// The file and the sockets, in messages of as many as one may hold.
Result<void> send_all(const exec::Channel& channel, std::vector<UniqueFd> all) {
  for (std::size_t done = 0; done < all.size();) {
    Message part;
    part.kind = Message::Kind::kChange;
    while (done < all.size() && part.descriptors.size() < Message::kMaxDescriptors)
      part.descriptors.push_back(std::move(all[done++]));
    part.number = static_cast<int>(all.size() - done);
    if (auto sent = channel.send(part); !sent) return sent;
  }
  return {};
}

Result<TlsFiles> read_tls(const Listener& listener) {
  TlsFiles files;
  if (listener.certificate_file.empty()) return files;
  auto certificate = read_whole_file(listener.certificate_file, kMaxPem);
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = read_whole_file(listener.key_file, kMaxPem);
  if (!key) return tl::unexpected(key.error());
  files.certificate = std::move(*certificate);
  files.key = std::move(*key);
  if (auto right = TlsIdentity::read(files); !right) {
    return failure(listener.certificate_file + ", " + listener.key_file + ": " +
                   right.error().message);
  }
  return files;
}

std::string listeners_that_change(const ProxyConfig& before, const ProxyConfig& after) {
  const auto count = [](const std::vector<Listener>& of, const std::vector<Listener>& others) {
    return std::ranges::count_if(
        of, [&](const Listener& each) { return same_in(others, each) == nullptr; });
  };
  std::string text;
  const auto add = [&](std::ptrdiff_t number, const char* what) {
    if (number == 0) return;
    text += (text.empty() ? "" : ", ") + std::to_string(number) +
            (number == 1 ? " listener " : " listeners ") + what;
  };
  add(count(after.listeners, before.listeners), "added");
  add(count(before.listeners, after.listeners), "removed");
  return text;
}

}  // namespace

Result<void> Reloader::watch(EventLoop& loop, const std::vector<std::string>& files) {
  auto watch = run::FileWatch::create();
  if (!watch) return tl::unexpected(watch.error());
  files_.emplace(std::move(*watch));
  auto added =
      loop.add(files_->fd(), EPOLLIN, [this](std::uint32_t) { files_->take(SystemClock().now()); });
  return added ? files_->watch(files) : added;
}

TimePoint Reloader::next() const {
  if (asked_) return TimePoint{};
  return files_ ? files_->due() : kNever;
}

Result<bool> Reloader::look_after(TimePoint now) {
  const bool loud = std::exchange(asked_, false);
  const bool due = files_ && now >= files_->due() && files_->has_changed();
  return loud || due ? reload(loud) : Result<bool>(false);
}

Result<bool> Reloader::reload(bool loud) {
  if (files_) files_->remember();
  Rereading reading = parts_.read();
  // If so, it is due again.
  if (files_ && files_->changed_meanwhile(SystemClock().now())) return false;
  if (const auto watched = files_ ? files_->watch(reading.files) : Result<void>(); !watched) {
    reading.said += watched.error().message + "\n";
  }
  if (!reading.said.empty()) parts_.say(reading.said.substr(0, reading.said.rfind('\n')));
  if (!reading.config) {
    parts_.say("the configuration has mistakes, so all stays as it is");
    return false;
  }
  const auto changed = become(std::move(*reading.config));
  if (relay_is_gone_) return tl::unexpected(changed.error());
  if (!changed) {
    parts_.say("the configuration cannot be changed: " + changed.error().message);
    return false;
  }
  if (!changed->empty()) parts_.say("changed to what the configuration says: " + *changed);
  if (changed->empty() && loud) parts_.say("all is as the configuration says");
  return true;
}

Result<std::string> Reloader::become(ProxyConfig after) {
  for (const auto kind : {Listener::Kind::kStdio, Listener::Kind::kGateway}) {
    if (has(after, kind) == has(parts_.config, kind)) continue;
    return failure("[" + std::string(section_of(kind)) +
                   "] comes and goes with a start; restart the proxy");
  }
  if (!parts_.has_network && !same_interface(after, parts_.config)) {
    return failure("with lwIP, Address and MTU change with a start; restart the proxy");
  }
  if (auto placed = assign_places(after.listeners, parts_.config.listeners, parts_.shared);
      !placed) {
    return tl::unexpected(placed.error());
  }
  RelayOrders orders;
  SocketFiles files;
  auto sockets = prepare(after, orders, files);
  if (!sockets) return tl::unexpected(sockets.error());
  if (auto sent = send(orders, std::move(*sockets)); !sent) return tl::unexpected(sent.error());
  parts_.files.take_over(files);
  const std::string before = write_orders(orders_without_tls(parts_.config));
  std::string changed = listeners_that_change(parts_.config, after);
  if (changed.empty() && before != write_orders(orders_without_tls(after))) changed = "settings";
  const auto tunnel = parts_.tunnel.change(after.tunnel);
  commit(std::move(after));
  if (!tunnel) return failure("the tunnel stays as it is: " + tunnel.error().message);
  if (!tunnel->empty()) changed += (changed.empty() ? "" : ", ") + *tunnel;
  return changed;
}

// Sockets of listeners at new places, and certificates of all, which may have been renewed.
Result<std::vector<UniqueFd>> Reloader::prepare(const ProxyConfig& after, RelayOrders& orders,
                                                SocketFiles& files) {
  orders = orders_without_tls(after);
  std::vector<Listener> added;
  for (std::size_t i = 0; i < after.listeners.size(); ++i) {
    const Listener& each = after.listeners[i];
    auto tls = read_tls(each);
    if (!tls) return failure("[http]: " + tls.error().message);
    orders.tls[i] = std::move(*tls);
    if (same_in(parts_.config.listeners, each) != nullptr || !is_outside(each)) continue;
    orders.sockets[i] = added.size();
    added.push_back(each);
  }
  return open_outside(added, parts_.handed_in, files);
}

// Waits for the answer of the relay, whose loop does nothing that takes long.
Result<void> Reloader::send(RelayOrders& orders, std::vector<UniqueFd> sockets) {
  UniqueFd file(memfd_create("orders", MFD_CLOEXEC));
  std::string text = write_orders(orders);
  const ssize_t written = file ? pwrite(file.get(), text.data(), text.size(), 0) : -1;
  wipe(text);
  if (written != static_cast<ssize_t>(text.size())) {
    return system_failure("cannot write to a file in memory", errno);
  }
  sockets.insert(sockets.begin(), std::move(file));
  if (auto sent = send_all(parts_.channel, std::move(sockets)); !sent) return sent;
  const auto answer = parts_.channel.receive();
  relay_is_gone_ = !answer;
  if (!answer) return tl::unexpected(answer.error());
  if (answer->kind == Message::Kind::kReady) return {};
  return failure(answer->text.empty() ? "the relay has ended" : answer->text, answer->number);
}

// What the start of a listener does for its path.
void Reloader::commit(ProxyConfig after) {
  for (const Listener& each : parts_.config.listeners) {
    if (each.bind.kind == BindAddress::Kind::kUnix && same_in(after.listeners, each) == nullptr) {
      parts_.files.remove(each.bind.path);
    }
  }
  for (const Listener& each : after.listeners) {
    const Listener* const before = same_in(parts_.config.listeners, each);
    if (before != nullptr && each.bind.kind == BindAddress::Kind::kUnix &&
        each.bind.mode != before->bind.mode) {
      chmod(each.bind.path.c_str(), each.bind.mode);
    }
  }
  if (after.check_alive != parts_.config.check_alive) {
    for (auto& pong : parts_.shared.pongs)
      pong.store(0, std::memory_order_relaxed);
  }
  for (auto& silent : parts_.shared.silent)
    silent.store(false, std::memory_order_relaxed);
  parts_.config = std::move(after);
}

}  // namespace wring::proxy
