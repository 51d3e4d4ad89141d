// Calls a daemon by many peers, each of which wants one handshake: the load of bench/gateway.py.
//
//   handshake_load PEERS UNANSWERED PUBLIC_KEY ADDRESS PORT
//
// Prints a public key for each peer and makes all initiations; after a line on its standard input
// it sends them, never more than UNANSWERED ahead of the answers, and prints what came of it as
// JSON. Each peer has a socket of its own, since daemons exist that take an address for a peer. A
// cookie is taken and the initiation sent again with it. The answers are looked into when the clock
// has stopped: only authentic ones count.
#include <arpa/inet.h>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "crypto/aead.h"
#include "noise/cookie.h"
#include "noise/handshake.h"
#include "tests/support/whole_handshake.h"

namespace {

using namespace wring;

// Sockets that the kernel reports in one call.
constexpr std::size_t kBatch = 32;
// Descriptors besides the callers' sockets.
constexpr rlim_t kOtherDescriptors = 64;
// An answer that takes longer than this is not coming.
constexpr int kPatienceMs = 1000;
constexpr std::size_t kBase64Size = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL);

[[noreturn]] void fail(const std::string& why) {
  std::cerr << "handshake_load: " << why << "\n";
  std::exit(1);
}

PublicKey decode(const char* text) {
  PublicKey key;
  std::size_t size = 0;
  if (sodium_base642bin(key.bytes.data(), key.bytes.size(), text,
                        std::char_traits<char>::length(text), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0 ||
      size != key.bytes.size()) {
    fail("the public key is none");
  }
  return key;
}

std::string encode(const PublicKey& key) {
  std::array<char, kBase64Size> text;
  return sodium_bin2base64(text.data(), text.size(), key.bytes.data(), key.bytes.size(),
                           sodium_base64_VARIANT_ORIGINAL);
}

TimePoint now() {
  return SystemClock().now();
}

struct Caller {
  Caller(const PublicKey& responder, Rng& rng, UniqueFd its_socket)
      : identity(generate_private_key(rng)), macs(responder), socket(std::move(its_socket)) {}

  LocalIdentity identity;
  MacStamper macs;
  UniqueFd socket;
  SentInitiation sent;
  Bytes<sizeof(InitiationMessage)> initiation{};
  ResponseMessage response;
  bool called = false;
  bool answered = false;
};

// Our index for a caller is its position.
void prepare(std::vector<Caller>& callers, const PublicKey& responder, Rng& rng) {
  const Tai64n stamp = tai64n_from(SystemClock().wall_now());
  for (std::size_t i = 0; i < callers.size(); ++i) {
    Caller& caller = callers[i];
    const auto shared = agree_with(caller.identity, responder);
    if (!shared) fail("the public key is of low order");
    auto made = initiate(caller.identity, responder, *shared,
                         SessionIndex{static_cast<std::uint32_t>(i)}, stamp, rng);
    if (!made) fail("the public key is of low order");
    caller.initiation = std::bit_cast<Bytes<sizeof(InitiationMessage)>>(made->message);
    caller.sent = std::move(made->state);
    caller.macs.stamp(caller.initiation, now());
  }
}

class Load {
 public:
  Load(std::vector<Caller>& callers, std::size_t unanswered)
      : callers_(callers), unanswered_(unanswered), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < callers_.size(); ++i) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, callers_[i].socket.get(), &event) != 0) {
        fail("cannot watch a socket");
      }
    }
  }

  // Returns once all were answered or no answer has come for a while.
  void run() {
    start_ = last_answer_ = now();
    while (answered_ < callers_.size()) {
      for (; waiting_ < unanswered_ && next_ < callers_.size(); ++next_) {
        callers_[next_].called = true;
        call(callers_[next_]);
        ++waiting_;
      }
      std::array<epoll_event, kBatch> ready;
      const int count = epoll_wait(epoll_.get(), ready.data(), kBatch, kPatienceMs);
      for (int i = 0; i < count; ++i)
        receive(callers_[ready[static_cast<std::size_t>(i)].data.u64]);
      if (count > 0) continue;
      if (next_ == callers_.size()) return;
      waiting_ = 0;  // they were lost
    }
  }

  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(last_answer_ - start_).count();
  }
  [[nodiscard]] std::size_t cookies() const { return cookies_; }

 private:
  static void call(const Caller& caller) {
    if (send(caller.socket.get(), caller.initiation.data(), caller.initiation.size(), 0) < 0) {
      fail("cannot send");
    }
  }

  void receive(Caller& caller) {
    Bytes<256> buffer;
    const ssize_t got = recv(caller.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return;
    const ByteSpan datagram = ByteSpan(buffer).first(static_cast<std::size_t>(got));
    const auto type = classify(datagram);
    if (type == MessageType::kResponse && caller.called && !caller.answered) {
      caller.answered = true;
      caller.response = load<ResponseMessage>(datagram);
      last_answer_ = now();
      ++answered_;
      if (waiting_ > 0) --waiting_;
    } else if (type == MessageType::kCookieReply &&
               caller.macs.consume_reply(load<CookieReplyMessage>(datagram), now())) {
      ++cookies_;
      caller.macs.stamp(caller.initiation, now());
      call(caller);
    }
  }

  std::vector<Caller>& callers_;
  const std::size_t unanswered_;
  const UniqueFd epoll_;
  std::size_t next_ = 0;
  std::size_t waiting_ = 0;
  std::size_t answered_ = 0;
  std::size_t cookies_ = 0;
  TimePoint start_{};
  TimePoint last_answer_{};
};

std::size_t authentic(const std::vector<Caller>& callers) {
  std::size_t count = 0;
  for (const Caller& caller : callers) {
    if (caller.answered && finish(caller.sent, caller.identity, PresharedKey(), caller.response)) {
      ++count;
    }
  }
  return count;
}

UniqueFd connect_to(const char* address, const char* port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (inet_pton(AF_INET, address, &to.sin_addr) != 1) fail("the address is none");
  UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    fail("cannot make a socket");
  }
  return fd;
}

void allow_descriptors(std::size_t count) {
  const rlim_t needed = count + kOtherDescriptors;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max(limit.rlim_cur, needed);
  limit.rlim_max = std::max(limit.rlim_max, needed);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("so many sockets are not allowed");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) fail("handshake_load PEERS UNANSWERED PUBLIC_KEY ADDRESS PORT");
  if (!prepare_crypto()) fail("libsodium cannot be initialised");
  SystemRng rng;
  const PublicKey responder = decode(argv[3]);
  std::vector<Caller> callers;
  const std::size_t count = std::strtoul(argv[1], nullptr, 10);
  allow_descriptors(count);
  for (std::size_t i = 0; i < count; ++i) {
    callers.emplace_back(responder, rng, connect_to(argv[4], argv[5]));
    std::cout << encode(callers.back().identity.public_key()) << "\n";
  }
  prepare(callers, responder, rng);
  std::cout << std::flush;
  std::string line;
  std::getline(std::cin, line);

  Load load(callers, std::strtoul(argv[2], nullptr, 10));
  load.run();
  std::cout << R"({"answered": )" << authentic(callers) << R"(, "seconds": )" << load.seconds()
            << R"(, "cookies": )" << load.cookies() << "}\n";
}
