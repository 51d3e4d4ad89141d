# Intel's IPsec-MB, the fast path of the AEAD on x86-64. It is optional, because libsodium serves
# everywhere. Makes the target IpsecMb::IpsecMb if it is there.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  find_path(WRING_IPSEC_MB_INCLUDE intel-ipsec-mb.h)
  find_library(WRING_IPSEC_MB_LIBRARY IPSec_MB)
  if(WRING_IPSEC_MB_INCLUDE AND WRING_IPSEC_MB_LIBRARY)
    add_library(IpsecMb::IpsecMb UNKNOWN IMPORTED)
    set_target_properties(IpsecMb::IpsecMb PROPERTIES
      IMPORTED_LOCATION ${WRING_IPSEC_MB_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${WRING_IPSEC_MB_INCLUDE})
  else()
    message(STATUS "IPsec-MB is missing, so processors without AVX-512 IFMA seal by libsodium, "
                   "at half of the speed or less: apt-get install libipsec-mb-dev")
  endif()
endif()
