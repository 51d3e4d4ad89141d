// recvmmsg() into buffers that lwIP may keep.
#include "stack/input_buffers.h"

#include <arch/cc.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace wring::stack {
namespace {

InputBuffer* make_buffer() {
  void* const memory = wring_lwip_malloc(sizeof(InputBuffer));
  if (memory == nullptr) return nullptr;
  auto* const made = new (memory) InputBuffer;  // its bytes stay as they are
  made->ours = true;
  return made;
}

// Called by lwIP for the last reference.
void on_freed(pbuf* freed) {
  auto* const buffer = reinterpret_cast<InputBuffer*>(freed);
  static_assert(offsetof(InputBuffer, description) == 0);
  static_assert(offsetof(pbuf_custom, pbuf) == 0);
  if (buffer->ours) {
    buffer->description.custom_free_function = nullptr;
  } else {
    wring_lwip_free(buffer);
  }
}

}  // namespace

InputBuffers::~InputBuffers() {
  for (InputBuffer* const each : slots_)
    wring_lwip_free(each);
}

std::span<const std::size_t> InputBuffers::read(int socket, bool& closed) {
  std::array<std::array<iovec, 2>, kCount> parts;
  std::array<mmsghdr, kCount> messages{};
  unsigned room = 0;
  for (; room < kCount; ++room) {
    InputBuffer*& slot = slots_[room];
    if (slot == nullptr) slot = make_buffer();
    if (slot == nullptr) break;
    parts[room] = {iovec{&slot->vnet, sizeof slot->vnet},
                   iovec{slot->bytes.data(), slot->bytes.size()}};
    messages[room].msg_hdr.msg_iov = parts[room].data();
    messages[room].msg_hdr.msg_iovlen = parts[room].size();
  }
  const int got = recvmmsg(socket, messages.data(), room, MSG_DONTWAIT, nullptr);
  if (got < 0) closed = errno != EAGAIN && errno != EINTR;
  full_ = got == static_cast<int>(room);
  std::size_t count = 0;
  for (; count < static_cast<std::size_t>(std::max(got, 0)); ++count) {
    const std::size_t size = messages[count].msg_len;
    if (size == 0) {
      closed = true;
      break;
    }
    const bool whole = (messages[count].msg_hdr.msg_flags & MSG_TRUNC) == 0;
    sizes_[count] = whole && size > sizeof(VnetHeader) ? size - sizeof(VnetHeader) : 0;
  }
  return std::span(sizes_).first(count);
}

pbuf* InputBuffers::lend(std::size_t index, std::size_t size) {
  InputBuffer& slot = *slots_[index];
  slot.description.custom_free_function = on_freed;
  return pbuf_alloced_custom(PBUF_RAW, static_cast<u16_t>(size), PBUF_REF, &slot.description,
                             slot.bytes.data(), static_cast<u16_t>(slot.bytes.size() - 1));
}

void InputBuffers::release(std::size_t index) {
  InputBuffer*& slot = slots_[index];
  if (slot->description.custom_free_function == nullptr) return;
  slot->ours = false;
  slot = nullptr;
}

}  // namespace wring::stack
