// What lwIP is built with: no threads, its raw interface, and windows for long paths. lwIP itself
// includes this file; C.
#ifndef WRING_LWIPOPTS_H
#define WRING_LWIPOPTS_H

// One thread calls everything.
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TIMERS 0  // src/stack/interface.h calls what they call

// Packets of IP come and go; there is no Ethernet, no multicast, and nobody is asked for routers.
#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_IGMP 0
#define LWIP_IPV6_MLD 0
#define LWIP_DHCP 0
#define LWIP_AUTOIP 0
#define LWIP_DNS 0
#define LWIP_IPV6_DHCP6 0
#define LWIP_IPV6_AUTOCONFIG 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_ND6_ALLOW_RA_UPDATES 0
#define LWIP_ND6_TCP_REACHABILITY_HINTS 0
#define LWIP_IPV6_NUM_ADDRESSES 16
#define LWIP_IPV6_SCOPES 0
#define LWIP_RAW 1
#define LWIP_UDP 1
#define LWIP_ICMP 1
#define LWIP_ICMP6 1
#define LWIP_BROADCAST_PING 0
#define LWIP_MULTICAST_PING 0
#define IP_FORWARD 0
#define LWIP_HAVE_LOOPIF 0
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_STATS 0

// Memory is the C library's, with a bound of ours (src/stack/lwip_memory.h). Connections are
// counted by src/stack/links.h.
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 8
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define IP_REASS_MAX_PBUFS 256
#define IP_REASS_MAXAGE 15
#define LWIP_IPV6_REASS 1
#define IPV6_FRAG_COPYHEADER 1  // pointers have 64 bits

// A window of 4 MB fills 500 Mbit/s at 66 ms. It is announced only as a connection makes use of it.
#define TCP_MSS 8960
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 7
#define TCP_WND (4u << 20)
#define TCP_SND_BUF (4u << 20)
#define TCP_SND_QUEUELEN 0xfff0
#define TCP_SNDLOWAT (16u << 10)
#define TCP_SNDQUEUELOWAT 16
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_BYTES (4u << 20)
#define TCP_OOSEQ_MAX_PBUFS 0
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_MAX_SACK_NUM 4
#define TCP_LISTEN_BACKLOG 1
#define TCP_CALCULATE_EFF_SEND_MSS 1
// The slow timer runs at twice this: 50 ms. lwIP counts time-outs in it, and its least is three.
#define TCP_TMR_INTERVAL 25
#define LWIP_TCP_RTO_TIME 1000
#define TCP_MSL 1000
#define TCP_MAXRTX 10
#define TCP_SYNMAXRTX 6
#define LWIP_TCP_KEEPALIVE 1

// The engine makes TCP's, as for a TUN; it says which of those that come it has checked.
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHKSUM wring_lwip_checksum

#define LWIP_HOOK_FILENAME "arch/hooks.h"
#define LWIP_HOOK_TCP_INPACKET_PCB wring_lwip_may_take
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS wring_lwip_sends
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) wring_lwip_random()

#endif
