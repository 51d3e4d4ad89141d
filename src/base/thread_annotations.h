// Who may touch what, in words that clang checks (-Wthread-safety, the clang preset). Nothing for
// other compilers. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define WRING_ANNOTATION(x) __attribute__((x))
#else
#define WRING_ANNOTATION(x)
#endif

// On a class: it can be held, as a mutex or as the role of a thread.
#define WRING_CAPABILITY(name) WRING_ANNOTATION(capability(name))
// On a class: it holds a capability for as long as it lives.
#define WRING_SCOPED_CAPABILITY WRING_ANNOTATION(scoped_lockable)
// On a member: it is touched only while the capability is held.
#define WRING_GUARDED_BY(x) WRING_ANNOTATION(guarded_by(x))
// On a function: the caller holds the capability.
#define WRING_REQUIRES(...) WRING_ANNOTATION(requires_capability(__VA_ARGS__))
// On a function: the caller holds the capability afterwards, or no longer.
#define WRING_ACQUIRE(...) WRING_ANNOTATION(acquire_capability(__VA_ARGS__))
#define WRING_RELEASE(...) WRING_ANNOTATION(release_capability(__VA_ARGS__))
// On a function: it states that the capability is held, where clang cannot see it.
#define WRING_ASSERT_CAPABILITY(x) WRING_ANNOTATION(assert_capability(x))
// On a function: it returns a reference to the capability.
#define WRING_RETURN_CAPABILITY(x) WRING_ANNOTATION(lock_returned(x))
