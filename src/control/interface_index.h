// Looks up an interface by its name.
#pragma once

namespace wring {

// Its index in the network namespace of the calling thread, 0 if there is none. Like
// if_nametoindex(), but it asks with a UDP socket. The C library takes a local one, which the
// control thread may not open, because such a socket reaches services of the host. Any thread that
// may open UDP sockets.
[[nodiscard]] unsigned interface_index(const char* name);

}  // namespace wring
