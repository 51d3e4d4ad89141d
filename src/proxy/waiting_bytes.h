// Datagrams that wait, and how much of them may.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace wring::proxy {

// So many bytes may wait at once. One thread. It outlives what waits.
class WaitingBytes {
 public:
  // What waits here also counts in `all`; null: there is no such.
  explicit WaitingBytes(std::size_t most, WaitingBytes* all = nullptr) : left_(most), all_(all) {}
  WaitingBytes(const WaitingBytes&) = delete;
  WaitingBytes& operator=(const WaitingBytes&) = delete;

  [[nodiscard]] bool take(std::size_t bytes) {
    if (bytes > left_ || (all_ != nullptr && !all_->take(bytes))) return false;
    left_ -= bytes;
    return true;
  }
  void give_back(std::size_t bytes) {
    left_ += bytes;
    if (all_ != nullptr) all_->give_back(bytes);
  }

 private:
  std::size_t left_;
  WaitingBytes* all_;
};

// A datagram that counts for as long as it is there.
class WaitingDatagram {
 public:
  // What it takes besides its bytes.
  static constexpr std::size_t kOverhead = 64;

  // Nothing if there is no room.
  [[nodiscard]] static std::optional<WaitingDatagram> keep(WaitingBytes& room,
                                                           std::string_view payload) {
    if (!room.take(payload.size() + kOverhead)) return std::nullopt;
    return WaitingDatagram(room, payload);
  }
  WaitingDatagram(WaitingDatagram&& other) noexcept
      : room_(std::exchange(other.room_, nullptr)), payload_(std::move(other.payload_)) {}
  WaitingDatagram& operator=(WaitingDatagram&&) = delete;
  WaitingDatagram(const WaitingDatagram&) = delete;
  WaitingDatagram& operator=(const WaitingDatagram&) = delete;
  ~WaitingDatagram() {
    if (room_ != nullptr) room_->give_back(payload_.size() + kOverhead);
  }

  [[nodiscard]] const std::string& payload() const { return payload_; }

 private:
  WaitingDatagram(WaitingBytes& room, std::string_view payload) : room_(&room), payload_(payload) {}

  WaitingBytes* room_;  // null: it was moved from
  std::string payload_;
};

}  // namespace wring::proxy
