// Halves the sizes between one that passes and one that does not.
#include "doctor/path_mtu.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <variant>

#include "base/rng.h"
#include "crypto/aead.h"
#include "doctor/size_search.h"
#include "noise/messages.h"

namespace wring::doctor {
namespace {

constexpr std::uint32_t kMost = 65535;

class PathProbe {
 public:
  PathProbe(const ProbeSocket& socket, const TransportKeys& keys, std::uint32_t headers)
      : socket_(socket),
        keys_(keys),
        headers_(headers),
        id_(static_cast<std::uint16_t>(SystemRng().u32())) {}

  // The first target that answers an echo without filling.
  std::optional<EchoTarget> find(const std::vector<EchoTarget>& targets) {
    for (const EchoTarget& target : targets) {
      if (passes(target, 0)) return target;
    }
    return std::nullopt;
  }

  std::uint32_t largest(const EchoTarget& target, std::uint32_t link) {
    if (passes(target, link)) return link;
    // What a router has said is the likeliest.
    return largest_below(
        link, kLeastSize, [&](std::uint32_t size) { return passes(target, size); },
        [this] { return told_ ? told_->mtu : 0; });
  }

  [[nodiscard]] const std::optional<IcmpReport>& told() const { return told_; }

 private:
  // `size` is that of the packet outside; a smaller one than the echo takes means no filling.
  bool passes(const EchoTarget& target, std::uint32_t size) {
    for (int attempt = 0; attempt < kSizeAttempts; ++attempt) {
      const EchoName name{id_, ++sequence_};
      auto plaintext = echo_request(target, name);
      const std::uint32_t around = headers_ + kMessageOverhead;
      if (size > around) plaintext.resize(std::max<std::size_t>(plaintext.size(), size - around));
      // A datagram that this host itself cannot send is too large, too.
      if (socket_.send(sealed(plaintext)) == EMSGSIZE) return false;
      if (is_answered(name)) return true;
      if (refused_) return false;
    }
    return false;
  }

  std::vector<std::uint8_t> sealed(ByteSpan plaintext) {
    DataHeader header;
    header.receiver = keys_.remote_index.value;
    header.counter = counter_;
    std::vector<std::uint8_t> message(sizeof header + plaintext.size() + kTagSize);
    store(message, header);
    aead_seal(keys_.send, counter_++, plaintext, {}, MutByteSpan(message).subspan(sizeof header));
    return message;
  }

  bool is_answered(const EchoName& name) {
    refused_ = false;
    const SystemClock clock;
    const TimePoint sent = clock.now();
    const TimePoint deadline = sent + wait_.now();
    while (const auto heard = socket_.receive(deadline)) {
      if (const auto* const report = std::get_if<IcmpReport>(&*heard)) {
        refused_ = report->error == EMSGSIZE;
        if (refused_ && report->from) told_ = *report;
        if (refused_) return false;
      } else if (answers(opened(std::get<ProbeSocket::Datagram>(*heard)), name)) {
        wait_.answered_after(clock.now() - sent);
        return true;
      }
    }
    return false;
  }

  // Empty if it is no data of this session.
  std::vector<std::uint8_t> opened(ByteSpan datagram) const {
    if (classify(datagram) != MessageType::kData) return {};
    const auto header = load<DataHeader>(datagram);
    if (header.receiver != keys_.local_index.value) return {};
    std::vector<std::uint8_t> plaintext(datagram.size() - kMessageOverhead);
    const bool authentic =
        aead_open(keys_.receive, header.counter, datagram.subspan(sizeof header), {}, plaintext);
    return authentic ? plaintext : std::vector<std::uint8_t>();
  }

  const ProbeSocket& socket_;
  const TransportKeys& keys_;
  std::uint32_t headers_;
  AnswerWait wait_;
  std::uint16_t id_;
  std::uint16_t sequence_ = 0;
  std::uint64_t counter_ = 0;
  bool refused_ = false;  // the last probe, because of its size
  std::optional<IcmpReport> told_;
};

}  // namespace

PathMtu measure_path(const ProbeSocket& socket, const TransportKeys& keys,
                     const std::vector<EchoTarget>& targets, std::uint32_t link,
                     std::uint32_t outer_headers) {
  PathMtu path;
  path.link = std::min(link, kMost);
  PathProbe probe(socket, keys, outer_headers);
  const auto target = probe.find(targets);
  if (!target) return path;
  path.carried = probe.largest(*target, path.link);
  path.told = probe.told();
  return path;
}

Finding judge_path(const PathMtu& path, bool v4, std::uint32_t mtu) {
  Finding finding;
  finding.code = "path-mtu";
  if (path.carried == 0) {
    finding.grade = Grade::kNote;
    finding.found = "the MTU of the path was not measured: nothing behind the peer answers an echo";
    finding.means = "if connections hang once much is sent, the MTU may be too large";
    finding.cure = "have a host behind the peer answer ping, and run the doctor again";
    return finding;
  }
  const std::uint32_t most = path.carried - outer_headers(v4) - kMessageOverhead;
  finding.found = fmt::format(
      "the path carries packets of {} bytes whole (the interface takes {}), found by filled-up "
      "echoes through a session of the doctor's; {}",
      path.carried, path.link,
      path.carried == path.link ? "so nothing on the way is smaller"
      : path.told
          ? to_string(*path.told->from) + " says that it takes " + std::to_string(path.told->mtu)
          : std::string("nobody says so by ICMP, and larger ones vanish"));
  if (mtu <= most) {
    finding.found += fmt::format("; the tunnel's MTU of {} fits", mtu);
    return finding;
  }
  finding.grade = v4 ? Grade::kWarning : Grade::kProblem;
  finding.means = fmt::format("the tunnel's MTU of {} is too large by {}: {}", mtu, mtu - most,
                              v4 ? "its full packets are divided on the way, which is slow, and "
                                   "they are lost where a firewall drops fragments"
                                 : "its full packets are lost, because no router divides IPv6");
  finding.cure = fmt::format("write MTU = {} under [Interface] on both sides", most);
  return finding;
}

}  // namespace wring::doctor
