// Chooses between a TUN, packet sockets and a stack at the start, and hides which one it is.
#include "daemon/inner_interface.h"

#include "daemon/interface_setup.h"

namespace wring {

Result<InnerInterface::Device> InnerInterface::open_device(HandedInInterface& handed_in,
                                                           const std::string& name,
                                                           unsigned workers, bool offload) {
  const int netlink = handed_in.netlink.get();
  if (handed_in.stack) {
    auto stack = StackDevice::adopt(std::move(handed_in.stack), name);
    if (!stack) return tl::unexpected(stack.error());
    return Device(std::move(*stack));
  }
  if (!handed_in.packets.empty()) {
    auto packets = PacketDevice::adopt(std::move(handed_in.packets), name, netlink, offload);
    if (!packets) return tl::unexpected(packets.error());
    return Device(std::move(*packets));
  }
  auto tun = handed_in.tun ? TunDevice::adopt(std::move(handed_in.tun), offload, netlink)
                           : create_interface(name, workers, offload);
  if (!tun) return tl::unexpected(tun.error());
  tune(*tun);
  return Device(std::move(*tun));
}

Result<InnerInterface> InnerInterface::open(HandedInInterface handed_in, const std::string& name,
                                            unsigned workers, bool offload) {
  auto device = open_device(handed_in, name, workers, offload);
  if (!device) return tl::unexpected(device.error());
  if (std::holds_alternative<StackDevice>(*device)) {
    return InnerInterface(std::move(*device), LinkMonitor::of_stack(handed_in.stack_mtu));
  }
  const auto* tun = std::get_if<TunDevice>(&*device);
  const bool follow = tun != nullptr && !handed_in.netlink;
  auto monitor = follow ? LinkMonitor::open(tun->queues().front().get())
                        : LinkMonitor::open_there(std::move(handed_in.netlink),
                                                  tun != nullptr ? tun->name() : name);
  if (!monitor) return tl::unexpected(monitor.error());
  return InnerInterface(std::move(*device), std::move(*monitor));
}

const std::string& InnerInterface::name() const {
  return std::visit([](const auto& device) -> const std::string& { return device.name(); },
                    device_);
}

unsigned InnerInterface::queue_count() const {
  return std::visit(
      [](const auto& device) { return static_cast<unsigned>(device.queues().size()); }, device_);
}

TunQueue InnerInterface::queue(unsigned index) const {
  TunQueue queue;
  std::visit(
      [&](const auto& device) {
        queue.fd = device.queues()[index].get();
        queue.vnet_header = device.offloads().vnet_header;
      },
      device_);
  if (const auto* packets = std::get_if<PacketDevice>(&device_)) {
    queue.frames = packets->addresses();
  }
  return queue;
}

Offloads InnerInterface::offloads(bool offload) const {
  const TunOffloads able =
      std::visit([](const auto& device) { return device.offloads(); }, device_);
  Offloads offloads;
  offloads.vnet_header = able.vnet_header;
  offloads.join = able.vnet_header && offload;
  offloads.join_udp = offloads.join && able.udp_segmentation;
  offloads.udp = offload;
  return offloads;
}

bool InnerInterface::still_exists() const {
  if (const auto* stack = std::get_if<StackDevice>(&device_)) return stack->still_exists();
  const auto* tun = std::get_if<TunDevice>(&device_);
  return tun == nullptr || tun->still_exists();
}

std::uint64_t InnerInterface::take_lost() const {
  const auto* packets = std::get_if<PacketDevice>(&device_);
  return packets == nullptr ? 0 : packets->take_lost();
}

}  // namespace wring
