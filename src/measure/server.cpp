// One thread for each connection, and one for all datagrams.
#include "measure/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "measure/sockets.h"
#include "measure/wire.h"

namespace wring::measure {
namespace {

using std::chrono::milliseconds;

// How long a thread may not notice that it is to end.
constexpr milliseconds kGlance{100};
constexpr std::size_t kMaxRuns = 64;

// Takes all bytes up to the end and answers how many there were.
void take_stream(const UniqueFd& stream, const std::atomic<bool>& ends) {
  constexpr std::size_t kChunk = 256U << 10;
  std::vector<std::uint8_t> chunk(kChunk);
  bound_waits(stream.get(), kGlance);
  const SystemClock clock;
  TimePoint last = clock.now();
  std::uint64_t taken = 0;
  while (!ends && clock.now() - last < kPatience) {
    const ssize_t got = recv(stream.get(), chunk.data(), chunk.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return;
    if (got == 0) {
      const Count answer{0, taken};
      static_cast<void>(send(stream.get(), &answer, sizeof answer, MSG_NOSIGNAL));
      return;
    }
    taken += static_cast<std::uint64_t>(got);
    last = clock.now();
  }
}

struct Stream {
  std::atomic<bool> done{false};
  std::jthread thread;  // joined before `done` goes
};

class Datagrams {
 public:
  explicit Datagrams(int fd) : fd_(fd) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts_[i] = {buffers_[i].data(), buffers_[i].size()};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &from_[i];
    }
  }

  // Those that come within the socket's limit of waits.
  void take() {
    for (mmsghdr& message : messages_)
      message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    const int got = recvmmsg(fd_, messages_.data(), kBatch, MSG_WAITFORONE, nullptr);
    for (int i = 0; i < got; ++i)
      take(static_cast<std::size_t>(i));
  }

 private:
  static constexpr std::size_t kBatch = 64;

  void take(std::size_t i) {
    const ByteSpan datagram = ByteSpan(buffers_[i]).first(messages_[i].msg_len);
    if (datagram.size() < sizeof(DatagramHeader)) return;
    auto header = load<DatagramHeader>(datagram);
    if (header.magic != DatagramHeader().magic) return;
    switch (DatagramKind{header.kind}) {
      case DatagramKind::kEcho:
        header.kind = static_cast<std::uint8_t>(DatagramKind::kReply);
        store(MutByteSpan(buffers_[i]), header);
        return answer(i, datagram);
      case DatagramKind::kReply:
        return;
      case DatagramKind::kCounted:
        if (!counts_.contains(header.run) && counts_.size() == kMaxRuns) counts_.clear();
        ++counts_[header.run];
        return;
      case DatagramKind::kQuestion: {
        const auto found = counts_.find(header.run);
        const Count count{header.run, found == counts_.end() ? 0 : found->second};
        return answer(i, as_bytes(count));
      }
    }
  }

  void answer(std::size_t i, ByteSpan bytes) const {
    const msghdr& to = messages_[i].msg_hdr;
    static_cast<void>(sendto(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT,
                             static_cast<const sockaddr*>(to.msg_name), to.msg_namelen));
  }

  int fd_;
  std::unordered_map<std::uint64_t, std::uint64_t> counts_;
  std::array<Bytes<2048>, kBatch> buffers_{};
  std::array<sockaddr_storage, kBatch> from_{};
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Endpoint at) {
  std::unique_ptr<Server> server(new Server);
  const int on = 1;
  server->listener_ = open_socket(at, SOCK_STREAM);
  setsockopt(server->listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = at.remote_size();
  if (!server->listener_ || bind(server->listener_.get(), &at.remote.any, size) != 0 ||
      listen(server->listener_.get(), int{kMaxConnections}) != 0 ||
      getsockname(server->listener_.get(), &at.remote.any, &size) != 0) {
    return system_failure("cannot serve at " + to_string(at), errno,
                          "give an address of this host, and a port that is free");
  }
  server->datagrams_ = open_socket(at, SOCK_DGRAM);
  if (!server->datagrams_ || bind(server->datagrams_.get(), &at.remote.any, size) != 0) {
    return system_failure("cannot serve at UDP " + to_string(at), errno, "choose another port");
  }
  enlarge_buffer(server->datagrams_.get());
  bound_waits(server->listener_.get(), kGlance);
  bound_waits(server->datagrams_.get(), kGlance);
  server->at_ = at;
  server->threads_.emplace_back([made = server.get()] { made->accept_all(); });
  server->threads_.emplace_back([made = server.get()] { made->answer_datagrams(); });
  return server;
}

Server::~Server() {
  ends_ = true;
  threads_.clear();  // waits for them
}

void Server::accept_all() {
  std::list<Stream> streams;
  while (!ends_) {
    UniqueFd accepted(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int error = errno;
    streams.remove_if([](const Stream& stream) { return stream.done.load(); });
    if (!accepted) {
      // Out of descriptors, for example: it would fail again at once.
      if (error != EAGAIN && error != EINTR) std::this_thread::sleep_for(kGlance);
      continue;
    }
    if (streams.size() >= kMaxConnections) continue;
    Stream& stream = streams.emplace_back();
    stream.thread = std::jthread([this, &stream, taken = std::move(accepted)]() mutable {
      take_stream(taken, ends_);
      taken.reset();
      stream.done = true;
    });
  }
}

void Server::answer_datagrams() {
  const auto datagrams = std::make_unique<Datagrams>(datagrams_.get());
  while (!ends_)
    datagrams->take();
}

}  // namespace wring::measure
