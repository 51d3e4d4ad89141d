// Drives c-ares by the relay's loop.
#include "proxy/resolver.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "ip/endpoint.h"
#include "proxy/datagram_io.h"

namespace wring::proxy {
namespace {

constexpr int kFirstTimeoutMs = 2000;
constexpr int kTries = 3;

// Once for the process; there is no other user of the library in it.
bool library_is_ready() {
  static const bool kReady = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return kReady;
}

std::vector<IpAddress> addresses_in(const ares_addrinfo& found) {
  std::vector<IpAddress> addresses;
  for (const ares_addrinfo_node* each = found.nodes; each != nullptr; each = each->ai_next) {
    Endpoint at;
    if (each->ai_family == AF_INET && each->ai_addrlen == sizeof at.remote.v4) {
      std::memcpy(&at.remote.v4, each->ai_addr, sizeof at.remote.v4);
    } else if (each->ai_family == AF_INET6 && each->ai_addrlen == sizeof at.remote.v6) {
      std::memcpy(&at.remote.v6, each->ai_addr, sizeof at.remote.v6);
    } else {
      continue;
    }
    addresses.push_back(remote_address(at));
  }
  return addresses;
}

}  // namespace

// One of c-ares. Its servers are those that it began with.
class Resolver::Channel {
 public:
  Channel(Loop& loop, Side& side) : loop_(loop), side_(side) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  [[nodiscard]] Result<void> open(const std::vector<IpAddress>& servers, std::string file);
  void ask(const std::string& host, Families families, Answer answer);
  [[nodiscard]] bool is_idle() const { return asked_ == 0; }

 private:
  struct Calls;  // what c-ares calls
  struct Asked;

  void on_interest(int socket, bool readable, bool writable);
  void set_timer();

  Loop& loop_;
  Side& side_;
  ares_channeldata* channel_ = nullptr;
  std::size_t asked_ = 0;  // without an answer so far
  std::set<int> watched_;
  Loop::TimerId timer_ = Loop::kNoTimer;
};

struct Resolver::Channel::Asked {
  Channel& channel;
  Families families;
  Answer answer;
};

struct Resolver::Channel::Calls {
  static ares_socket_t make(int family, int type, int /*protocol*/, void* self) {
    const IpVersion version = family == AF_INET ? IpVersion::kV4 : IpVersion::kV6;
    return static_cast<Channel*>(self)->side_.socket(version, type & 0xf).release();
  }
  static int close(ares_socket_t socket, void* self) {
    static_cast<Channel*>(self)->on_interest(socket, false, false);
    return ::close(socket);
  }
  static int connect(ares_socket_t socket, const sockaddr* to, ares_socklen_t size, void* self) {
    Endpoint target;
    if (size > sizeof target.remote) return -1;
    std::memcpy(&target.remote, to, size);
    Side& side = static_cast<Channel*>(self)->side_;
    return side.connect(socket, target, {.untold = true}) ? 0 : -1;
  }
  static ares_ssize_t receive(ares_socket_t socket, void* into, std::size_t size, int flags,
                              sockaddr* from, ares_socklen_t* from_size, void*) {
    if (!has_heads(socket)) return ::recvfrom(socket, into, size, flags, from, from_size);
    Endpoint who;
    const ssize_t got = receive_datagram(socket, true, {static_cast<char*>(into), size}, who);
    if (from != nullptr && from_size != nullptr && *from_size >= who.remote_size()) {
      std::memcpy(from, &who.remote, who.remote_size());
      *from_size = who.remote_size();
    }
    return got;
  }
  static ares_ssize_t send(ares_socket_t socket, const iovec* parts, int count, void*) {
    if (count == 1 && has_heads(socket)) {
      const std::string_view query(static_cast<const char*>(parts->iov_base), parts->iov_len);
      return send_datagram(socket, true, {}, {}, query) ? static_cast<ssize_t>(query.size()) : -1;
    }
    msghdr out{};
    out.msg_iov = const_cast<iovec*>(parts);
    out.msg_iovlen = static_cast<std::size_t>(count);
    return ::sendmsg(socket, &out, MSG_NOSIGNAL);
  }
  static void state(void* self, ares_socket_t socket, int readable, int writable) {
    static_cast<Channel*>(self)->on_interest(socket, readable != 0, writable != 0);
  }
  static void answer(void* argument, int status, int /*timeouts*/, ares_addrinfo* found) {
    const std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
    if (status == ARES_EDESTRUCTION) return;
    --asked->channel.asked_;
    std::vector<IpAddress> addresses;
    if (status == ARES_SUCCESS && found != nullptr) {
      addresses = in_turn(addresses_in(*found), asked->families);
    }
    if (found != nullptr) ares_freeaddrinfo(found);
    asked->answer(std::move(addresses));
  }
};

std::vector<IpAddress> in_turn(const std::vector<IpAddress>& addresses, Families families) {
  std::vector<IpAddress> six;
  std::vector<IpAddress> four;
  for (const IpAddress& address : addresses)
    (address.is_v4() ? four : six).push_back(address);
  const auto& first = families == Families::kIpv4First ? four : six;
  const auto& second = families == Families::kIpv4First ? six : four;
  std::vector<IpAddress> both;
  for (std::size_t i = 0; i < std::max(six.size(), four.size()); ++i) {
    if (i < first.size()) both.push_back(first[i]);
    if (i < second.size()) both.push_back(second[i]);
  }
  return both;
}

Result<void> Resolver::Channel::open(const std::vector<IpAddress>& servers, std::string file) {
  ares_options options{};
  char dns_only[] = "b";
  char files_first[] = "fb";
  options.timeout = kFirstTimeoutMs;
  options.tries = kTries;
  options.lookups = servers.empty() ? files_first : dns_only;
  options.sock_state_cb = Calls::state;
  options.sock_state_cb_data = this;
  options.flags = servers.empty() ? 0 : ARES_FLAG_NOSEARCH;
  options.resolvconf_path = file.data();
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
                   ARES_OPT_FLAGS | (file.empty() ? 0 : ARES_OPT_RESOLVCONF);
  if (!library_is_ready() || ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) {
    return failure("cannot set up the look-up of names", ENOMEM);
  }
  static constexpr ares_socket_functions kFunctions{Calls::make, Calls::close, Calls::connect,
                                                    Calls::receive, Calls::send};
  ares_set_socket_functions(channel_, &kFunctions, this);
  if (servers.empty()) return {};
  std::string list;
  for (const IpAddress& server : servers)
    list += (list.empty() ? "" : ",") + to_string(server);
  if (ares_set_servers_csv(channel_, list.c_str()) == ARES_SUCCESS) return {};
  return failure("cannot use the name servers " + list);
}

Resolver::Channel::~Channel() {
  loop_.cancel(timer_);
  if (channel_ != nullptr) ares_destroy(channel_);
}

void Resolver::Channel::ask(const std::string& host, Families families, Answer answer) {
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = families == Families::kIpv4   ? AF_INET
                    : families == Families::kIpv6 ? AF_INET6
                                                  : AF_UNSPEC;
  ++asked_;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, Calls::answer,
                   new Asked{*this, families, std::move(answer)});
  set_timer();
}

void Resolver::Channel::on_interest(int socket, bool readable, bool writable) {
  if (watched_.erase(socket) != 0) loop_.forget(socket);
  if (!readable && !writable) return;
  const std::uint32_t events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  const auto react = [this, socket](std::uint32_t ready) {
    const bool failed = (ready & (EPOLLERR | EPOLLHUP)) != 0;
    ares_process_fd(channel_, (ready & EPOLLIN) != 0 || failed ? socket : ARES_SOCKET_BAD,
                    (ready & EPOLLOUT) != 0 ? socket : ARES_SOCKET_BAD);
    set_timer();
  };
  if (loop_.watch_level(socket, events, react)) watched_.insert(socket);
}

void Resolver::Channel::set_timer() {
  loop_.cancel(timer_);
  timer_ = Loop::kNoTimer;
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) return;
  const Duration pause =
      std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec);
  timer_ = loop_.at(loop_.now() + pause + std::chrono::milliseconds(1), [this] {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timer();
  });
}

Result<std::unique_ptr<Resolver>> Resolver::create(Loop& loop, Side& side,
                                                   std::vector<IpAddress> servers,
                                                   std::optional<HostFile> file) {
  std::unique_ptr<Resolver> resolver(new Resolver(loop, side, std::move(servers), std::move(file)));
  if (auto opened = resolver->open(); !opened) return tl::unexpected(opened.error());
  return resolver;
}

Resolver::Resolver(Loop& loop, Side& side, std::vector<IpAddress> servers,
                   std::optional<HostFile> file)
    : loop_(loop), side_(side), servers_(std::move(servers)), file_(std::move(file)) {}

Resolver::~Resolver() {
  *alive_ = false;
}

Result<void> Resolver::open() {
  if (file_) version_ = file_->version.load(std::memory_order_acquire);
  auto channel = std::make_unique<Channel>(loop_, side_);
  if (auto opened = channel->open(servers_, file_ ? file_->path : ""); !opened) return opened;
  if (channel_) former_.push_back(std::move(channel_));
  channel_ = std::move(channel);
  return {};
}

Result<void> Resolver::use_servers(std::vector<IpAddress> servers) {
  if (servers == servers_) return {};
  servers_.swap(servers);
  if (auto opened = open(); !opened) {
    servers_.swap(servers);
    return opened;
  }
  drop_former();
  return {};
}

// Those that nobody waits for. Later, because we may be called by one of them.
void Resolver::drop_former() {
  loop_.later([this, alive = alive_] {
    if (*alive) std::erase_if(former_, [](const auto& each) { return each->is_idle(); });
  });
}

void Resolver::ask(const std::string& host, Families families, Answer answer) {
  // RFC 6761, 6.3: no server is asked for it. c-ares would look only in /etc/hosts.
  if (host == "localhost" || host.ends_with(".localhost")) {
    std::vector<IpAddress> here;
    // IPv4 first, because a datagram goes to the first alone, and more services listen there.
    if (families != Families::kIpv6) here.push_back(*IpAddress::parse("127.0.0.1"));
    if (families != Families::kIpv4) here.push_back(*IpAddress::parse("::1"));
    return answer(here);
  }
  const bool changed = file_ && file_->version.load(std::memory_order_acquire) != version_;
  // If the new one cannot be used, the servers before are asked.
  if (changed && open()) drop_former();
  channel_->ask(host, families, std::move(answer));
}

}  // namespace wring::proxy
