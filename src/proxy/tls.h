// TLS between a client and a listener of HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/loop.h"
#include "proxyconfig/wipe.h"

struct ssl_ctx_st;
struct ssl_st;

namespace wring::proxy {

// What is in files of PEM. Wiped at the end.
struct TlsFiles {
  std::string certificate;
  std::string key;

  TlsFiles() = default;
  TlsFiles(TlsFiles&&) = default;
  TlsFiles& operator=(TlsFiles&&) = default;
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;
  ~TlsFiles() { wipe(key); }
};

// A certificate with its chain, and its key.
class TlsIdentity {
 public:
  // Reads PEM files. The Error names the file, and says what is wrong with it.
  static Result<TlsIdentity> load(const std::string& certificate_file, const std::string& key_file);
  // The same of what is in such files. Opens none.
  static Result<TlsIdentity> read(const TlsFiles& files);
  [[nodiscard]] ssl_ctx_st* context() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  [[nodiscard]] static Result<TlsIdentity> make();

  std::unique_ptr<ssl_ctx_st, Free> context_;
};

// Passes on what a client says in TLS as plain bytes, and back. One turn of each direction holds at
// most 16 KB.
class TlsBridge {
 public:
  // For the handshake.
  static constexpr std::chrono::seconds kHandshakeLimit{10};
  // Once the plain side is closed: how long a client may take nothing of what is left for it, and
  // how long its own end is waited for.
  static constexpr std::chrono::seconds kPartingLimit{30};

  // Neither socket blocks. `ended` is called once; the bridge has to be kept to the end of the
  // turn.
  TlsBridge(Loop& loop, const TlsIdentity& identity, UniqueFd client, UniqueFd plain,
            std::function<void()> ended);
  TlsBridge(const TlsBridge&) = delete;
  TlsBridge& operator=(const TlsBridge&) = delete;
  ~TlsBridge();

  // False: the kernel's limit of watches is reached.
  [[nodiscard]] bool start();
  // Is called before `ended` if the client's end was cut off: reset, or closed without a farewell.
  void on_broken(std::function<void()> broken) { broken_ = std::move(broken); }
  // Has the client reset, so that it does not take what came for all that was to come.
  void break_off();

 private:
  enum class Step { kDone, kBlocked, kBroken };
  struct Free {
    void operator()(ssl_st* session) const;
  };

  void on_plain(std::uint32_t events);
  void run();
  void look_whether_parted();
  [[nodiscard]] Step pass_in();
  [[nodiscard]] Step pass_out();
  [[nodiscard]] Step outcome(int result) const;
  void end();

  Loop& loop_;
  UniqueFd client_;
  UniqueFd plain_;
  std::unique_ptr<ssl_st, Free> session_;
  std::function<void()> ended_;
  std::function<void()> broken_;
  std::vector<char> in_;   // from the client
  std::vector<char> out_;  // for it
  bool client_ended_ = false;
  bool plain_ended_ = false;
  bool hung_up_ = false;  // the plain side is closed
  Loop::TimerId timer_ = Loop::kNoTimer;
  TimePoint last_out_{};  // when the client took something
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
