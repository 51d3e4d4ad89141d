// What lwIP asks us in the middle of its work. lwIP itself includes this file; C.
#ifndef WRING_LWIP_ARCH_HOOKS_H
#define WRING_LWIP_ARCH_HOOKS_H

#include <lwip/err.h>
#include <lwip/pbuf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tcp_pcb;
struct tcp_hdr;

// ERR_OK: lwIP goes on with this segment. Else it lets go of it.
err_t wring_lwip_may_take(struct tcp_pcb* connection, struct tcp_hdr* header, u16_t options_size,
                          u16_t first_size, u8_t* second, struct pbuf* segment);

#ifdef __cplusplus
}
#endif

#endif
