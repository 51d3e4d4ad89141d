// Hands packets to lwIP where they lie, and copies those that it would keep.
#include "stack/interface.h"

#include <arch/hooks.h>
#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/nd6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/tcp.h>
#include <lwip/tcp.h>

#include <algorithm>
#include <chrono>

#include "ip/ip_header.h"
#include "stack/address.h"
#include "stack/tcp_link.h"

namespace wring::stack {
namespace {

constexpr std::chrono::milliseconds kTick{TCP_TMR_INTERVAL};
// Ticks in a second, after which fragments that wait grow older.
constexpr unsigned kTicksOfFragments = IP_TMR_INTERVAL / TCP_TMR_INTERVAL;
// Of IPv4 with options, and of TCP.
constexpr std::size_t kMostHeaders = 80;
// The engine makes or checks them.
constexpr unsigned kMadeByEngine = NETIF_CHECKSUM_GEN_TCP;
constexpr unsigned kCheckedByEngine = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;

// What lwIP is asked to take is lent: it must not keep it. If it would, it is given a copy.
struct Lending {
  bool lent = false;
  bool wants_copy = false;
};
Lending lending;

// lwIP goes on to probe a closed window when its last probe was acknowledged, and ends the process
// because it finds nothing to probe with.
void stop_needless_probes() {
  for (tcp_pcb* each = tcp_active_pcbs; each != nullptr; each = each->next) {
    if (each->unsent == nullptr || each->unacked != nullptr) each->persist_backoff = 0;
  }
}

// lwIP reads the length of an option behind the last byte, too.
bool options_are_whole(ByteSpan options) {
  constexpr std::uint8_t kEnd = 0;
  constexpr std::uint8_t kNoOperation = 1;
  while (!options.empty() && options[0] != kEnd) {
    if (options[0] != kNoOperation && options.size() < 2) return false;
    const std::size_t size = options[0] == kNoOperation ? 1 : options[1];
    if (size == 0) return true;  // lwIP stops here
    options = options.subspan(std::min(size, options.size()));
  }
  return true;
}

// A piece of a packet is kept until the others have come.
bool is_fragment(ByteSpan packet) {
  if (ip_version(packet) == 4 && packet.size() >= sizeof(Ipv4Header)) {
    return (load<Ipv4Header>(packet).flags_and_offset & 0x3fffU) != 0;
  }
  // Behind other headers of IPv6 there may be one of a fragment.
  constexpr std::uint8_t kTcp = 6;
  constexpr std::uint8_t kUdp = 17;
  constexpr std::uint8_t kIcmp = 58;
  if (packet.size() < sizeof(Ipv6Header)) return true;
  const std::uint8_t next = load<Ipv6Header>(packet).next_header;
  return next != kTcp && next != kUdp && next != kIcmp;
}

}  // namespace

Interface::Interface(const std::vector<IpAddress>& addresses, unsigned mtu, UniqueFd packets)
    : port_(std::move(packets)) {
  static const bool kReady = [] {
    lwip_init();
    return true;
  }();
  static_cast<void>(kReady);
  const auto four = std::ranges::count_if(addresses, [](const auto& each) { return each.is_v4(); });
  // The first has the addresses of IPv6, too.
  if (four == 0) add(*IP_ADDR_ANY, mtu);
  for (const IpAddress& address : addresses) {
    if (address.is_v4() && interfaces_.size() < kMostIpv4) add(to_lwip(address), mtu);
  }
  std::int8_t index = 0;
  for (const IpAddress& address : addresses) {
    if (address.is_v4() || static_cast<std::size_t>(index) >= kMostIpv6) continue;
    const ip_addr_t six = to_lwip(address);
    netif_ip6_addr_set(interfaces_.front().get(), index, ip_2_ip6(&six));
    netif_ip6_addr_set_state(interfaces_.front().get(), index, IP6_ADDR_PREFERRED);
    ++index;
  }
  netif_set_default(interfaces_.front().get());
}

// What lwIP has for itself ends with it: connections of which both ends have been told.
Interface::~Interface() {
  for (tcp_pcb** const list : {&tcp_active_pcbs, &tcp_tw_pcbs}) {
    while (*list != nullptr)
      tcp_abort(*list);
  }
  for (const auto& each : interfaces_)
    netif_remove(each.get());
}

void Interface::add(const ip_addr_t& address, unsigned mtu) {
  const auto init = [](netif* made) -> err_t {
    made->name[0] = 'w';
    made->name[1] = 'g';
    made->output = [](netif* via, pbuf* packet, const ip4_addr_t*) { return output(via, packet); };
    made->output_ip6 = [](netif* via, pbuf* packet, const ip6_addr_t*) {
      return output(via, packet);
    };
    return ERR_OK;
  };
  auto made = std::make_unique<netif>();
  ip4_addr_t mask;
  IP4_ADDR(&mask, 255, 255, 255, 255);
  netif_add(made.get(), ip_2_ip4(&address), &mask, IP4_ADDR_ANY4, this, init, ip_input);
  made->mtu = static_cast<u16_t>(std::min(mtu, 65535U));
  netif_set_up(made.get());
  netif_set_link_up(made.get());
  interfaces_.push_back(std::move(made));
}

err_t Interface::output(netif* interface, pbuf* packet) {
  auto& self = *static_cast<Interface*>(interface->state);
  return self.port_.queue(packet) ? ERR_OK : ERR_MEM;
}

bool Interface::take_packets() {
  for (std::size_t share = 0; share < kShare;) {
    const auto sizes = buffers_.read(port_.fd(), closed_);
    if (sizes.empty()) return false;
    for (std::size_t i = 0; i < sizes.size(); ++i)
      take(i, sizes[i]);
    // All that was there was read. What comes now is told.
    if (!buffers_.was_full()) return false;
    share += sizes.size();
  }
  return true;
}

void Interface::take(std::size_t index, std::size_t size) {
  if (size == 0 || size >= 65536) return;
  const bool checked = (buffers_.header(index).flags & kVnetNeedsCsum) != 0;
  const ByteSpan bytes = buffers_.bytes(index, size);
  if (is_fragment(bytes)) return input_copy(bytes, {}, checked);
  // lwIP turns the numbers of TCP's header into the machine's order where they lie.
  Bytes<kMostHeaders> headers;
  const std::size_t kept = std::min(size, headers.size());
  std::ranges::copy(bytes.first(kept), headers.begin());
  lending = {true, false};
  input(buffers_.lend(index, size), checked);
  lending.lent = false;
  if (lending.wants_copy) {
    input_copy(ByteSpan(headers).first(kept), bytes.subspan(kept), checked);
  }
  buffers_.release(index);
}

void Interface::take(const VnetHeader& vnet, ByteSpan packet) {
  if (!packet.empty() && packet.size() < 65536) {
    input_copy(packet, {}, (vnet.flags & kVnetNeedsCsum) != 0);
  }
}

void Interface::input_copy(ByteSpan begin, ByteSpan rest, bool checked) {
  const std::size_t size = begin.size() + rest.size();
  pbuf* const copy = pbuf_alloc(PBUF_RAW, static_cast<u16_t>(size), PBUF_RAM);
  if (copy == nullptr) return;
  auto* const bytes = static_cast<std::uint8_t*>(copy->payload);
  std::ranges::copy(rest, std::ranges::copy(begin, bytes).out);
  input(copy, checked);
}

void Interface::input(pbuf* packet, bool checked) {
  netif& first = *interfaces_.front();
  const unsigned all = NETIF_CHECKSUM_ENABLE_ALL & ~kMadeByEngine;
  NETIF_SET_CHECKSUM_CTRL(&first, static_cast<u16_t>(checked ? all & ~kCheckedByEngine : all));
  if (first.input(packet, &first) != ERR_OK) pbuf_free(packet);
}

void Interface::on_writable() {
  if (port_.on_writable()) tcp_txnow();
}

TimePoint Interface::next() const {
  return tcp_active_pcbs == nullptr && tcp_tw_pcbs == nullptr ? kNever : last_tick_ + kTick;
}

void Interface::look_after(TimePoint now) {
  if (now < last_tick_ + kTick) return;
  last_tick_ = now;
  stop_needless_probes();
  tcp_tmr();
  if (++ticks_ % kTicksOfFragments != 0) return;
  ip_reass_tmr();
  ip6_reass_tmr();
}

}  // namespace wring::stack

// What is not the next that is waited for would be kept.
err_t wring_lwip_may_take(tcp_pcb* connection, tcp_hdr* header, u16_t options_size,
                          u16_t first_size, u8_t* second, pbuf* segment) {
  using namespace wring;
  using stack::lending;
  const bool empty = segment->tot_len == 0 && (TCPH_FLAGS(header) & TCP_FIN) == 0;
  const bool next = connection->state >= ESTABLISHED && header->seqno == connection->rcv_nxt;
  if (lending.lent && !empty && connection->state != LISTEN && !next) {
    lending.wants_copy = true;
    return ERR_ABRT;
  }
  Bytes<stack::kMostHeaders> options;
  auto* const first = reinterpret_cast<std::uint8_t*>(header + 1);
  auto* const rest = std::copy_n(first, first_size, options.begin());
  if (second != nullptr) std::copy_n(second, options_size - first_size, rest);
  const ByteSpan all = ByteSpan(options).first(options_size);
  if (!stack::options_are_whole(all)) return ERR_VAL;
  if (stack::TcpLink* const link = stack::TcpLink::of(connection)) {
    link->on_segment(*header, all, empty);
  }
  // Later than in a SYN, lwIP would still take a size of segments, and end the process if those
  // that wait are larger.
  if ((TCPH_FLAGS(header) & TCP_SYN) == 0 && options_size != 0) {
    *(first_size != 0 ? first : second) = 0;
  }
  return ERR_OK;
}

// Not of lwIP's probes of a closed window, which it does not count as sent.
uint32_t* wring_lwip_sends(pbuf* segment, tcp_hdr* header, const tcp_pcb* connection,
                           uint32_t* options) {
  using namespace wring::stack;
  if (connection == nullptr || connection->state < ESTABLISHED) return options;
  const bool fin = (TCPH_FLAGS(header) & TCP_FIN) != 0;
  const std::uint32_t size = segment->tot_len - TCPH_HDRLEN_BYTES(header) + (fin ? 1U : 0U);
  if (size == 0 || connection->persist_backoff != 0) return options;
  if (TcpLink* const link = TcpLink::of(connection)) {
    const std::uint32_t first = lwip_ntohl(header->seqno);
    link->on_segment_sent({first, first + size});
  }
  return options;
}
