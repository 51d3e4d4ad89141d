// OpenSSL on sockets that do not block.
#include "proxy/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kPieceSize = 16U << 10;
// Steps after which others have their turn.
constexpr int kStepsPerTurn = 64;

// Text to be read by OpenSSL, which it outlives.
class Pem {
 public:
  explicit Pem(const std::string& text)
      : bio_(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free) {}
  [[nodiscard]] BIO* bio() const { return bio_.get(); }

 private:
  std::unique_ptr<BIO, decltype(&BIO_free)> bio_;
};

tl::unexpected<Error> refused_by_openssl(const std::string& file) {
  const char* const why = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return failure("cannot use " + file + (why == nullptr ? "" : std::string(": ") + why) +
                 "; give files in PEM form that belong to each other");
}

}  // namespace

void TlsIdentity::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

void TlsBridge::Free::operator()(ssl_st* session) const {
  SSL_free(session);
}

Result<TlsIdentity> TlsIdentity::make() {
  TlsIdentity made;
  made.context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made.context();
  if (context == nullptr) return failure("cannot set up TLS", ENOMEM);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  return made;
}

Result<TlsIdentity> TlsIdentity::load(const std::string& certificate_file,
                                      const std::string& key_file) {
  auto made = make();
  if (!made) return made;
  SSL_CTX* const context = made->context();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return refused_by_openssl(certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return refused_by_openssl(key_file);
  }
  return made;
}

Result<TlsIdentity> TlsIdentity::read(const TlsFiles& files) {
  // The relay may not open the library's own configuration.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  auto made = make();
  if (!made) return made;
  SSL_CTX* const context = made->context();
  const Pem certificates(files.certificate);
  const std::unique_ptr<X509, decltype(&X509_free)> own(
      PEM_read_bio_X509_AUX(certificates.bio(), nullptr, nullptr, nullptr), X509_free);
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return refused_by_openssl("the certificate");
  }
  while (X509* const next = PEM_read_bio_X509(certificates.bio(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) == 1) continue;
    X509_free(next);
    return refused_by_openssl("the certificate's chain");
  }
  ERR_clear_error();
  const Pem keys(files.key);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(keys.bio(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return refused_by_openssl("the certificate's key");
  }
  return made;
}

TlsBridge::TlsBridge(Loop& loop, const TlsIdentity& identity, UniqueFd client, UniqueFd plain,
                     std::function<void()> ended)
    : loop_(loop),
      client_(std::move(client)),
      plain_(std::move(plain)),
      session_(SSL_new(identity.context())),
      ended_(std::move(ended)) {
  if (session_ == nullptr) return;
  SSL_set_fd(session_.get(), client_.get());
  SSL_set_accept_state(session_.get());
}

TlsBridge::~TlsBridge() {
  *alive_ = false;
  loop_.cancel(timer_);
  loop_.forget(client_.get());
  loop_.forget(plain_.get());
}

bool TlsBridge::start() {
  if (session_ == nullptr || !loop_.watch(client_.get(), [this](std::uint32_t) { run(); }) ||
      !loop_.watch(plain_.get(), [this](std::uint32_t events) { on_plain(events); })) {
    return false;
  }
  timer_ = loop_.at(loop_.now() + kHandshakeLimit, [this] {
    if (ended_ && SSL_is_init_finished(session_.get()) == 0) end();
  });
  return true;
}

void TlsBridge::on_plain(std::uint32_t events) {
  if (!ended_) return;
  if ((events & EPOLLHUP) != 0 && !std::exchange(hung_up_, true)) {
    // A client that has not shaken hands by now is not waited for.
    if (SSL_is_init_finished(session_.get()) == 0) return end();
    last_out_ = loop_.now();
    loop_.cancel(timer_);
    timer_ = loop_.at(last_out_ + kPartingLimit, [this] { look_whether_parted(); });
  }
  run();
}

void TlsBridge::look_whether_parted() {
  if (!ended_) return;
  if (loop_.now() >= last_out_ + kPartingLimit) return end();
  timer_ = loop_.at(last_out_ + kPartingLimit, [this] { look_whether_parted(); });
}

void TlsBridge::run() {
  if (!ended_) return;
  for (int i = 0; i < kStepsPerTurn; ++i) {
    const Step in = pass_in();
    const Step out = in == Step::kBroken ? Step::kBroken : pass_out();
    const bool over = client_ended_ && plain_ended_ && in_.empty() && out_.empty();
    const bool broken = in == Step::kBroken || out == Step::kBroken;
    if (broken && broken_) std::exchange(broken_, nullptr)();
    if (broken || over) return end();
    if (in == Step::kBlocked && out == Step::kBlocked) return;
  }
  loop_.later([this, alive = alive_] {
    if (*alive) run();
  });
}

TlsBridge::Step TlsBridge::outcome(int result) const {
  const int error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Step::kBlocked
                                                                       : Step::kBroken;
}

TlsBridge::Step TlsBridge::pass_in() {
  if (in_.empty() && client_ended_) return Step::kBlocked;
  if (in_.empty()) {
    in_.resize(kPieceSize);
    const int got = SSL_read(session_.get(), in_.data(), static_cast<int>(in_.size()));
    in_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got <= 0 && SSL_get_error(session_.get(), got) == SSL_ERROR_ZERO_RETURN) {
      client_ended_ = true;
      shutdown(plain_.get(), SHUT_WR);
      return Step::kDone;
    }
    if (got <= 0) return outcome(got);
  }
  const ssize_t sent = send(plain_.get(), in_.data(), in_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return Step::kBlocked;
  // Nobody takes it any more. What is left for the client goes to it all the same.
  if (sent < 0) {
    in_.clear();
    return Step::kDone;
  }
  in_.erase(in_.begin(), in_.begin() + sent);
  return Step::kDone;
}

TlsBridge::Step TlsBridge::pass_out() {
  if (out_.empty() && plain_ended_) return Step::kBlocked;
  if (out_.empty()) {
    out_.resize(kPieceSize);
    const ssize_t got = recv(plain_.get(), out_.data(), out_.size(), 0);
    const int error = errno;
    out_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got < 0 && error == EAGAIN) return Step::kBlocked;
    if (got <= 0) {
      plain_ended_ = true;
      // A client that has not shaken hands by now is not waited for.
      if (SSL_is_init_finished(session_.get()) == 0) return Step::kBroken;
      SSL_shutdown(session_.get());
      ERR_clear_error();
      shutdown(client_.get(), SHUT_WR);
      return Step::kDone;
    }
  }
  const int sent = SSL_write(session_.get(), out_.data(), static_cast<int>(out_.size()));
  if (sent <= 0) return outcome(sent);
  last_out_ = loop_.now();
  out_.erase(out_.begin(), out_.begin() + sent);
  return Step::kDone;
}

void TlsBridge::break_off() {
  reset_at_close(client_);
  end();
}

void TlsBridge::end() {
  if (const auto ended = std::exchange(ended_, nullptr)) ended();
}

}  // namespace wring::proxy
