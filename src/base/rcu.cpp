// Calls liburcu, and tells ThreadSanitizer about its barriers.
#include "base/rcu.h"

#include <urcu/urcu-qsbr.h>

// gcc defines a macro where clang has a feature.
#if defined(__has_feature)
#define WRING_HAS_FEATURE(name) __has_feature(name)
#else
#define WRING_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || WRING_HAS_FEATURE(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define WRING_TSAN_RELEASE(address) __tsan_release(address)
#define WRING_TSAN_ACQUIRE(address) __tsan_acquire(address)
#else
#define WRING_TSAN_RELEASE(address) static_cast<void>(address)
#define WRING_TSAN_ACQUIRE(address) static_cast<void>(address)
#endif

namespace wring {
namespace {

// liburcu orders readers before the end of a grace period with barriers that ThreadSanitizer does
// not see. This tag tells it: releasing and acquiring it means "the end of a grace period".
char grace_period_tag = 0;

}  // namespace

RcuReader::RcuReader() {
  urcu_qsbr_register_thread();
}

RcuReader::~RcuReader() {
  WRING_TSAN_RELEASE(&grace_period_tag);
  urcu_qsbr_unregister_thread();
}

void RcuReader::quiescent() {
  WRING_TSAN_RELEASE(&grace_period_tag);
  urcu_qsbr_quiescent_state();
}

void RcuReader::offline() {
  WRING_TSAN_RELEASE(&grace_period_tag);
  urcu_qsbr_thread_offline();
}

void RcuReader::online() {
  urcu_qsbr_thread_online();
}

void RcuReclaimer::collect(const std::function<void()>& before_free) {
  while (!retired_.empty()) {
    urcu_qsbr_synchronize_rcu();
    WRING_TSAN_ACQUIRE(&grace_period_tag);
    if (before_free) before_free();
    std::vector<Retired> passed;
    passed.swap(retired_);
  }
}

}  // namespace wring
