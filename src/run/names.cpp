// Threads that take questions from a queue, and end when it is empty.
#include "run/names.h"

#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/wakeup.h"

namespace wring::run {
namespace {

struct Question {
  std::size_t id = 0;
  std::string host;
  std::uint16_t port = 0;
};

}  // namespace

struct NameLookups::Shared {
  explicit Shared(Wakeup made) : wakeup(std::move(made)) {}

  // Nothing if there is none: the thread that asks ends.
  std::optional<Question> next() {
    const MutexLock lock(mutex);
    if (questions.empty()) {
      --threads;
      return std::nullopt;
    }
    Question question = std::move(questions.front());
    questions.pop_front();
    return question;
  }
  void answer(NameAnswer found) {
    const MutexLock lock(mutex);
    answers.push_back(std::move(found));
    wakeup.notify();
  }

  Mutex mutex;
  std::deque<Question> questions WRING_GUARDED_BY(mutex);
  std::vector<NameAnswer> answers WRING_GUARDED_BY(mutex);
  std::size_t threads WRING_GUARDED_BY(mutex) = 0;
  Wakeup wakeup;
};

Result<NameLookups> NameLookups::create() {
  auto wakeup = Wakeup::create();
  if (!wakeup) return tl::unexpected(wakeup.error());
  return NameLookups(std::make_shared<Shared>(std::move(*wakeup)));
}

void NameLookups::ask(std::size_t id, const std::string& host, std::uint16_t port) {
  const MutexLock lock(shared_->mutex);
  shared_->questions.push_back({id, host, port});
  if (shared_->threads == kMaxThreads) return;
  ++shared_->threads;
  std::thread([shared = shared_] {
    while (const auto question = shared->next())
      shared->answer({question->id, client::look_up_all(question->host, question->port)});
  }).detach();
}

int NameLookups::fd() const {
  return shared_->wakeup.fd();
}

std::vector<NameAnswer> NameLookups::take() {
  shared_->wakeup.clear();
  const MutexLock lock(shared_->mutex);
  return std::exchange(shared_->answers, {});
}

}  // namespace wring::run
