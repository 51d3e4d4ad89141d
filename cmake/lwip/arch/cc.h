// What lwIP asks of the system: memory, chance, sums and the end. lwIP itself includes this file;
// C. What is declared here is in src/stack/lwip_memory.cpp.
#ifndef WRING_LWIP_ARCH_CC_H
#define WRING_LWIP_ARCH_CC_H

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// As malloc() and its like; null beyond the bound.
void* wring_lwip_malloc(size_t size);
void* wring_lwip_calloc(size_t count, size_t size);
void wring_lwip_free(void* memory);
uint32_t wring_lwip_random(void);
// The one's complement sum of 16-bit words in the machine's order.
uint16_t wring_lwip_checksum(const void* bytes, int size);
// Does not return: what follows would write where it must not.
void wring_lwip_assertion_failed(const char* what, const char* file, int line);

#ifdef __cplusplus
}
#endif

// The C library's, which are single instructions. lwIP's own names for them would hide those of
// <netinet/in.h>.
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS
#define lwip_htons(value) htobe16(value)
#define lwip_htonl(value) htobe32(value)
#define mem_clib_malloc wring_lwip_malloc
#define mem_clib_calloc wring_lwip_calloc
#define mem_clib_free wring_lwip_free
#define LWIP_RAND() wring_lwip_random()
#define LWIP_PLATFORM_DIAG(message) \
  do {                              \
  } while (0)
#define LWIP_PLATFORM_ASSERT(message) wring_lwip_assertion_failed(message, __FILE__, __LINE__)

#endif
