# lwIP, from the source of Debian's package, because its library is built for small windows. See
# docs/decisions/0063. tools/install-deps.sh puts it here. Makes the target lwip::lwip if it is
# there.
set(WRING_LWIP_VERSION 2.1.3+dfsg1-2)
set(WRING_LWIP_SOURCE /usr/local/src/wring/lwip-${WRING_LWIP_VERSION} CACHE PATH
  "The unpacked source of Debian's package lwip ${WRING_LWIP_VERSION}")
if(EXISTS ${WRING_LWIP_SOURCE}/src/core/tcp.c)
  set(wring_lwip_default ON)
else()
  set(wring_lwip_default OFF)
endif()
option(WRING_LWIP "Build wring proxy with lwIP (--stack lwip)" ${wring_lwip_default})
if(WRING_LWIP AND NOT wring_lwip_default)
  message(FATAL_ERROR "lwIP's source is not in ${WRING_LWIP_SOURCE}: run tools/install-deps.sh, or "
    "set WRING_LWIP_SOURCE, or leave it out with -DWRING_LWIP=OFF")
endif()
if(NOT WRING_LWIP)
  message(STATUS "wring proxy is built without lwIP, and --stack lwip will not be there: "
    "run tools/install-deps.sh and configure anew")
  return()
endif()

# Its own list of files writes into the source, which may be another user's.
set(wring_lwip_files
  def inet_chksum init ip mem memp netif pbuf raw tcp tcp_in tcp_out timeouts udp
  ipv4/icmp ipv4/ip4 ipv4/ip4_addr ipv4/ip4_frag
  ipv6/icmp6 ipv6/inet6 ipv6/ip6 ipv6/ip6_addr ipv6/ip6_frag ipv6/nd6)
list(TRANSFORM wring_lwip_files PREPEND ${WRING_LWIP_SOURCE}/src/core/)
list(TRANSFORM wring_lwip_files APPEND .c)
add_library(wring_lwip STATIC EXCLUDE_FROM_ALL ${wring_lwip_files})
add_library(lwip::lwip ALIAS wring_lwip)
# Its options, and what it asks of the system, are in cmake/lwip.
target_include_directories(wring_lwip SYSTEM PUBLIC
  ${WRING_LWIP_SOURCE}/src/include ${CMAKE_SOURCE_DIR}/cmake/lwip)
target_compile_options(wring_lwip PRIVATE -fno-strict-aliasing -fstack-protector-strong -w)
set_target_properties(wring_lwip PROPERTIES C_STANDARD 11 UNITY_BUILD OFF
  INTERPROCEDURAL_OPTIMIZATION OFF)
