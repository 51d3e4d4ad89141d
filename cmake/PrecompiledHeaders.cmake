# Headers of others that most files include, compiled once for each build: to read them takes half
# of the time in which a test compiles. A file still has to include what it uses: `dev` compiles all
# of src without, `release` the engine, and the rule `headers` relies on that. ccache takes no
# precompiled headers unless its checks are weakened, so there are none with ccache.
if(WRING_PRECOMPILED AND CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache")
  set(wring_precompiled_why "ccache is used")
elseif(NOT WRING_PRECOMPILED)
  set(wring_precompiled_why "WRING_PRECOMPILED is off")
else()
  set(wring_precompiled_why "")
endif()

set(wring_precompiled_std
  <algorithm> <array> <atomic> <chrono> <deque> <functional> <map> <memory> <mutex> <optional> <set>
  <span> <string> <string_view> <thread> <unordered_map> <variant> <vector>
  <netinet/in.h> <sys/socket.h> <tl/expected.hpp>)

# wring_precompiled_set(name POSITION HEADERS...): a set of headers that targets share whose
# flags agree. POSITION is -fPIC for libraries and -fPIE for programs.
function(wring_precompiled_set name position)
  if(wring_precompiled_why)
    return()
  endif()
  # A target that is nothing but its precompiled header needs a source all the same.
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE ${position})
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

# wring_precompile(target SET): target reads the headers of SET first, if there are any.
function(wring_precompile target set)
  if(TARGET "${set}")
    target_precompile_headers(${target} REUSE_FROM ${set})
  endif()
endfunction()
