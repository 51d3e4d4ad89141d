// Takes a joined write to the TUN apart again, where the kernel refused it.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "ip/segment_arena.h"

namespace wring {

enum class WriteKind : unsigned char { kSingle, kTcp, kUdp };

// What a write that begins with a VnetHeader carries. `parts` are as Coalescer made them.
[[nodiscard]] WriteKind kind_of(std::span<const iovec> parts);

// How many packets a write carries, which has a VnetHeader in front if `has_header`. 1 if its parts
// are not known.
[[nodiscard]] std::size_t packets_in(std::span<const iovec> parts, bool has_header);

// Appends the packets that `parts` were joined from to `out`. They lie in `arena`. Adds nothing if
// the write is not what Coalescer makes.
void take_apart(std::span<const iovec> parts, SegmentArena& arena, std::vector<MutByteSpan>& out);

}  // namespace wring
