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
// A segment leaves, and its payload is TCP's header. Returns where options go on; it adds none.
// Without a connection: null.
u32_t* wring_lwip_sends(struct pbuf* segment, struct tcp_hdr* header,
                        const struct tcp_pcb* connection, u32_t* options);

#ifdef __cplusplus
}
#endif

#endif
