// Sends again what the kernel refused.
//
// For a row, joining is blamed first: its datagrams are sent again one by one from the same source
// address. The source is forgotten only if a single datagram fails with an error that a source may
// cause, and leaves without it. Before Linux 6.14 both faults give EINVAL.
#include "daemon/send_failures.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "peer/send_errors.h"

namespace wring {

void SendFailures::take(const OutgoingDatagram& datagram, int error, PacketPump& pump) {
  const Endpoint& to = *datagram.to;
  if (datagram.segment_size != 0 && is_joining_error(error)) {
    refused_rows_.push_back({&to, datagram.segment_size, error});
    return send_apart(datagram, to, pump);
  }
  if (blames_source(error, to)) {
    // The address that the peer was reached on may have gone. The routing table chooses another one
    // for this datagram and for what follows (P29).
    std::erase_if(refused_rows_, [&to](const RefusedRow& row) { return row.to == &to; });
    outbound_.source_failed(to);
    return send_apart(datagram, without_source(to), pump);
  }
  const Endpoint& tried_first = original(to);
  if (&tried_first != &to) outbound_.source_was_right(tried_first);
  const std::size_t each = size_of_each(datagram);
  const std::size_t count = (datagram.payload.size() + each - 1) / each;
  outbound_.send_failed(tried_first, count, datagram.payload.size());
  drops_.add(DropReason::kSendError, count);
}

void SendFailures::conclude() {
  for (const RefusedRow& row : refused_rows_) {
    // A device that makes no checksums refuses rows of every size.
    outbound_.joining_failed(*row.to, row.error == EIO ? 0 : row.segment_size);
    if (!logged_.not_segmented.add(*row.to)) continue;
    spdlog::info(
        "{}: the kernel does not segment datagrams of {} bytes on this way ({}); sending them one "
        "by one",
        to_string(*row.to), row.segment_size, std::generic_category().message(row.error));
  }
  refused_rows_.clear();
  without_source_.clear();
}

void SendFailures::send_apart(const OutgoingDatagram& datagram, const Endpoint& to,
                              PacketPump& pump) {
  const std::size_t each = size_of_each(datagram);
  for (ByteSpan rest = datagram.payload; !rest.empty();) {
    OutgoingDatagram piece = datagram;
    piece.to = &to;
    piece.segment_size = 0;
    piece.payload = rest.first(std::min(each, rest.size()));
    rest = rest.subspan(piece.payload.size());
    pump.send(piece);
  }
}

const Endpoint& SendFailures::without_source(const Endpoint& endpoint) {
  // Failures of one destination come together.
  if (without_source_.empty() || without_source_.back().original != &endpoint) {
    without_source_.push_back({endpoint, &endpoint});
    without_source_.back().to.clear_source();
  }
  return without_source_.back().to;
}

const Endpoint& SendFailures::original(const Endpoint& endpoint) const {
  const auto found =
      std::find_if(without_source_.begin(), without_source_.end(),
                   [&endpoint](const WithoutSource& each) { return &each.to == &endpoint; });
  return found == without_source_.end() ? endpoint : *found->original;
}

}  // namespace wring
