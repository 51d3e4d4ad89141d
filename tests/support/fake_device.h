// A device without a network: it keeps what it is told, by the rules of the protocol, and tells it.
#pragma once

#include <map>
#include <string>

#include "device/configurable.h"

namespace wring::test {

inline PublicKey public_key(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

// 64 hexadecimal digits: `byte`, 32 times.
inline std::string hex_key(const std::string& byte) {
  std::string text;
  for (int i = 0; i < 32; ++i)
    text += byte;
  return text;
}

class FakeDevice final : public Configurable {
 public:
  [[nodiscard]] int configure(ConfigChange&& change) override;
  [[nodiscard]] DeviceDescription describe_device() const override;
  [[nodiscard]] bool describe_peers(PeerCursor& cursor, std::size_t max,
                                    std::vector<PeerDescription>& out) const override;

  PeerDescription& add_peer(const PublicKey& key);
  PeerDescription* find(const PublicKey& key);
  void remove(const PublicKey& key);

  DeviceDescription device;
  std::map<std::uint64_t, PeerDescription> peers;  // by serial number
  // A port that is taken by somebody else.
  std::uint16_t taken_port = 0;
  int configure_calls = 0;
  mutable std::size_t peers_described = 0;

 private:
  void apply(PeerChange& change);
  std::map<PublicKey, std::uint64_t> serials_;
  std::map<IpPrefix, std::uint64_t> owners_;  // The last one of each, which may be gone since.
  std::uint64_t next_serial_ = 1;
};

}  // namespace wring::test
