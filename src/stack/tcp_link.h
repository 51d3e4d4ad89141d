// A connection of lwIP's, and the socket that it runs over: the relay's, or the client's own.
#pragma once

#include <lwip/tcp.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "stack/control.h"
#include "stack/links.h"
#include "stack/relay_line.h"
#include "stack/tcp_sender.h"
#include "stack/tcp_window.h"

namespace wring::stack {

// Each side waits for the other: what the socket does not take is not acknowledged as read, so the
// window closes; what the connection does not take stays in the socket.
class TcpLink final : public Link, public Alarms::Sleeper {
 public:
  // Null with an errno: it failed at once, and `end` is left alone.
  static std::unique_ptr<TcpLink> connect(Links& links, const Request& request, UniqueFd& end,
                                          int& error);
  // One that came in. Null: it cannot be watched.
  static std::unique_ptr<TcpLink> take_over(Links& links, tcp_pcb* connection, UniqueFd end,
                                            UniqueFd mark);
  ~TcpLink() override;

  // The one that a connection of lwIP's belongs to. Null: it is not established, or lwIP has it for
  // itself.
  static TcpLink* of(const tcp_pcb* connection);
  // A segment has come for it, before lwIP looks at it.
  void on_segment(const tcp_hdr& header, ByteSpan options, bool empty);
  // A segment of it leaves.
  void on_segment_sent(SequenceRange range);
  [[nodiscard]] TimePoint deadline() const override;
  void wake(TimePoint now) override;
  // An ICMP message says that its target cannot be reached. If it is not established, it fails.
  void give_up(int error);

 private:
  // Bytes that wait in lwIP to be sent, if the socket has them.
  static constexpr std::uint32_t kQueue = 256U << 10;

  TcpLink(Links& links, tcp_pcb* connection, Request::Manner manner)
      : links_(links),
        begun_(links.now()),
        connection_(connection),
        manner_(manner),
        window_(TCP_WND) {}
  void attach();
  [[nodiscard]] bool watch(UniqueFd& end);
  // In tcp_handing.cpp.
  [[nodiscard]] bool waits_for_handing() const { return manner_ == Request::Manner::kHandedOver; }
  [[nodiscard]] bool hear_handing();
  [[nodiscard]] bool take_client(UniqueFd client);
  // If the stack has the client.
  void note(const Report& news);
  void on_relay_line(std::uint32_t events);
  void end_relay_line();
  static err_t on_lwip_sent(void* self, tcp_pcb* connection, u16_t size);
  void on_socket(std::uint32_t events);
  [[nodiscard]] err_t on_connected();
  [[nodiscard]] err_t on_received(pbuf* data);
  void on_sent();
  void on_error(err_t error);

  // `trip`: how long the handshake took; 0: it says nothing.
  void begin(Duration trip);
  void take();
  [[nodiscard]] bool write(const char* bytes, std::size_t size);
  [[nodiscard]] std::size_t room() const;
  void end_sending();
  void pass_on();
  void passed(std::size_t size);
  [[nodiscard]] bool keep_what_is_lent();
  void look_whether_over();
  void let_go();
  // What a call of lwIP's returns.
  [[nodiscard]] err_t outcome() const { return static_cast<err_t>(aborted_ ? ERR_ABRT : ERR_OK); }
  void abort();

  Links& links_;
  TimePoint begun_;      // to connect
  tcp_pcb* connection_;  // null: lwIP is done with it, or has it for itself
  UniqueFd socket_;
  RelayLine line_;  // open: the socket is the client's
  UniqueFd mark_;   // of the pair; see end_mark.h
  Request::Manner manner_;
  bool established_ = false;
  bool readable_ = false;
  bool writable_ = true;
  bool more_behind_ = false;   // something else than bytes is behind what can be read, as an end
  bool hung_up_ = false;       // the socket's other end is closed
  bool socket_ended_ = false;  // it sends no more
  bool fin_sent_ = false;
  bool tunnel_ended_ = false;  // the other end sends no more
  bool end_told_ = false;      // and the socket knows
  bool over_ = false;
  bool aborted_ = false;
  std::string held_;           // read from the socket; lwIP had no memory for it
  std::deque<pbuf*> pending_;  // came from the tunnel; the socket is full
  TcpWindow window_;
  TcpSender sender_;
};

// What the relay is told of a connection that failed.
void tell_error(const UniqueFd& end, Request::Manner manner, int error);

}  // namespace wring::stack
