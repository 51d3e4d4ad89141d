// A byte that is sent and never taken.
#include "stack/end_mark.h"

#include <sys/socket.h>

#include "stack/control.h"

namespace wring::stack {

std::pair<UniqueFd, UniqueFd> make_end_marks() {
  return make_pair(SOCK_STREAM);
}

void mark_end(int mark) {
  static_cast<void>(send(mark, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

bool end_is_marked(int mark) {
  char byte = 0;
  return recv(mark, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

}  // namespace wring::stack
