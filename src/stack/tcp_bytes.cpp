// Bytes of a connection, both ways between lwIP and the socket.
#include <lwip/priv/tcp_priv.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <vector>

#include "stack/end_mark.h"
#include "stack/lwip_memory.h"
#include "stack/tcp_link.h"

namespace wring::stack {
namespace {

constexpr std::size_t kReadSize = 0xff00;  // tcp_write() takes 16 bits
// Less than that is not asked for while other bytes are on their way.
constexpr std::size_t kLeastRead = 8U << 10;
constexpr unsigned kMostQueued = TCP_SND_QUEUELEN - 256;  // segments

}  // namespace

// Little more than what the network takes, so that memory and lwIP's lists, which it goes through
// from the beginning, stay short.
std::size_t TcpLink::room() const {
  const std::uint32_t queued = TCP_SND_BUF - connection_->snd_buf;
  const std::uint32_t in_flight =
      std::min<std::uint32_t>({sender_.window(), connection_->snd_wnd, TCP_SND_BUF});
  const std::uint32_t limit = std::min<std::uint32_t>(in_flight + kQueue, TCP_SND_BUF);
  if (tcp_sndqueuelen(connection_) > kMostQueued || queued + kLeastRead > limit) return 0;
  return limit - queued;
}

void TcpLink::take() {
  thread_local std::vector<char> buffer(kReadSize);
  bool wrote = false;
  if (connection_ != nullptr && !held_.empty()) {
    if (!write(held_.data(), held_.size())) {
      // Nothing is on its way whose acknowledgement would call again.
      if (connection_->unacked == nullptr && connection_->unsent == nullptr) abort();
      return;
    }
    held_.clear();
    wrote = true;
  }
  if (waits_for_handing()) return;
  while (readable_ && connection_ != nullptr && !socket_ended_ && held_.empty()) {
    const std::size_t most = std::min(room(), buffer.size());
    if (most == 0) break;
    const ssize_t got = recv(socket_.get(), buffer.data(), most, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      readable_ = false;
      break;
    }
    // It was reset, or closed before it had heard all.
    if (got < 0 || (got == 0 && hung_up_ && !end_told_)) return abort();
    if (got == 0 && mark_ && !end_is_marked(mark_.get())) return abort();
    if (got == 0) {
      socket_ended_ = true;
      break;
    }
    const auto size = static_cast<std::size_t>(got);
    wrote = true;
    note({size});
    // All that was there was read. What comes now is told.
    if (size < most) readable_ = more_behind_;
    if (!write(buffer.data(), size)) held_.assign(buffer.data(), size);
  }
  if (connection_ == nullptr) return;
  if (socket_ended_ && !fin_sent_ && held_.empty()) end_sending();
  // In the midst of its input, lwIP does this by itself.
  if (!wrote || connection_ == nullptr) return;
  sender_.allow(*connection_);
  tcp_output(connection_);
}

bool TcpLink::write(const char* bytes, std::size_t size) {
  return tcp_write(connection_, bytes, static_cast<u16_t>(size), TCP_WRITE_FLAG_COPY) == ERR_OK;
}

// Without memory for it, on_sent() and the next event of the socket try again.
void TcpLink::end_sending() {
  if (tcp_shutdown(connection_, 0, 1) != ERR_OK) return;
  fin_sent_ = true;
  note({0, 0, true, false});
  look_whether_over();
}

void TcpLink::on_sent() {
  if (connection_ != nullptr) sender_.on_acknowledged(*connection_);
  take();
}

err_t TcpLink::on_received(pbuf* data) {
  if (data == nullptr) {
    tunnel_ended_ = true;
    if (fin_sent_) let_go();
  } else {
    // Of large ones each is acknowledged, because they are many.
    if (data->tot_len > connection_->mss) tcp_ack_now(connection_);
    pending_.push_back(data);
  }
  pass_on();
  if (!over_ && !keep_what_is_lent()) abort();
  return outcome();
}

// Buffers of input are few and large, so bytes that wait are copied out of them.
bool TcpLink::keep_what_is_lent() {
  if (pending_.empty()) return true;
  pbuf*& last = pending_.back();
  bool lent = false;
  for (const pbuf* each = last; each != nullptr; each = each->next)
    lent = lent || (each->flags & PBUF_FLAG_IS_CUSTOM) != 0;
  if (!lent) return true;
  pbuf* const copy = pbuf_alloc(PBUF_RAW, last->tot_len, PBUF_RAM);
  if (copy == nullptr) return false;
  static_cast<void>(pbuf_copy(copy, last));
  pbuf_free(last);
  last = copy;
  return true;
}

void TcpLink::pass_on() {
  constexpr std::size_t kMostParts = 64;
  if (waits_for_handing()) return;
  while (writable_ && !pending_.empty()) {
    std::array<iovec, kMostParts> parts;
    std::size_t count = 0;
    for (const pbuf* chain : pending_) {
      for (const pbuf* each = chain; each != nullptr && count < parts.size(); each = each->next)
        parts[count++] = {each->payload, each->len};
      if (count == parts.size()) break;
    }
    msghdr out{};
    out.msg_iov = parts.data();
    out.msg_iovlen = count;
    const ssize_t sent = sendmsg(socket_.get(), &out, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return abort();
    writable_ = sent >= 0;
    if (sent > 0) passed(static_cast<std::size_t>(sent));
  }
  if (!tunnel_ended_ || end_told_ || !pending_.empty()) return;
  end_told_ = true;
  if (mark_) mark_end(mark_.get());
  note({0, 0, false, true});
  // Else it is closed next, which tells it, too.
  if (!fin_sent_) shutdown(socket_.get(), SHUT_WR);
  look_whether_over();
}

void TcpLink::passed(std::size_t size) {
  note({0, size});
  for (std::size_t left = size; left != 0;) {
    pbuf* const first = pending_.front();
    const std::size_t part = std::min<std::size_t>(left, first->tot_len);
    left -= part;
    if (part == first->tot_len) {
      pbuf_free(first);
      pending_.pop_front();
    } else {
      pending_.front() = pbuf_free_header(first, static_cast<u16_t>(part));
    }
  }
  if (connection_ == nullptr || tunnel_ended_) return;
  connection_->rcv_wnd +=
      window_.on_passed(size, !pending_.empty() || memory_used() > kScarceMemory);
  for (std::size_t left = size; left != 0 && connection_ != nullptr;) {
    const auto part =
        static_cast<u16_t>(std::min<std::size_t>(left, std::numeric_limits<u16_t>::max()));
    tcp_recved(connection_, part);
    left -= part;
  }
}

}  // namespace wring::stack
