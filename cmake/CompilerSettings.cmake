set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# Carried by every target of ours and by no library's headers.
add_library(wring_settings INTERFACE)
target_compile_options(wring_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-align -Woverloaded-virtual -Werror
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety;-Wreserved-identifier>
  -fno-strict-aliasing -fstack-protector-strong)
target_include_directories(wring_settings INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
target_compile_definitions(wring_settings INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)

set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG -g1")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT WRING_SANITIZE)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT wring_ipo OUTPUT wring_ipo_why LANGUAGES CXX)
  if(NOT wring_ipo)
    message(FATAL_ERROR "link-time optimisation does not work with this compiler: ${wring_ipo_why}")
  endif()
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  add_link_options(-Wl,-z,relro,-z,now -pie)
  # Objects hold machine code beside the LTO form. Test programs link the machine code, in less than
  # a second instead of ten. gcc 12 gives two warnings where there is no fault (its bug 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(wring_settings INTERFACE -Wno-restrict -Wno-free-nonheap-object
      $<$<NOT:$<BOOL:$<TARGET_PROPERTY:WRING_LTO_ONLY>>>:-ffat-lto-objects>)
  endif()
endif()
if(WRING_SANITIZE)
  # Assertions stay on; line numbers are all that a report needs of debug information.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
  add_compile_options(-fsanitize=${WRING_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WRING_SANITIZE})
  # The templates of libraries are left to their own assertions, which see more of a wrong call.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND WRING_SANITIZE MATCHES "undefined")
    add_compile_definitions(_GLIBCXX_ASSERTIONS)
    add_compile_options(-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/undefined-ignored.txt)
  endif()
  # gcc's optimiser warns of faults that are none where sanitizers are in the code. `release` has
  # these warnings, and what they look for the sanitizers find.
  target_compile_options(wring_settings INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread;-Wno-maybe-uninitialized;-Wno-nonnull>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-free-nonheap-object>)
endif()
if(WRING_COVERAGE)
  # Threads count, too, and each process adds its counts to those of others when it ends. With a
  # little optimisation, because some tests take minutes without.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
if(WRING_FUZZ)
  # What is fuzzed tells the fuzzer which branches an input took.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# wring_library_headers(SET): the libraries that come after it, in this folder and below, read the
# headers of others by SET, which has the flags of here.
macro(wring_library_headers set)
  set(wring_library_set ${set})
  wring_precompiled_set(${set} -fPIC ${wring_precompiled_std})
  if(TARGET ${set})
    target_link_libraries(${set} PRIVATE wring_settings)
  endif()
endmacro()

# In the builds that only tests run, and not in `release`, which proves that src compiles without.
set(wring_library_set "")
if(WRING_SANITIZE OR CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  wring_library_headers(wring_precompiled)
endif()

# With WRING_UNOPTIMISED, targets that come after it, in this folder and below, are not optimised:
# clang's sanitizers take twice as long with -O1, and the tests wait more than they compute.
macro(wring_unoptimised)
  if(WRING_UNOPTIMISED)
    string(REPLACE "-O1" "-O0" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
    wring_library_headers(wring_precompiled_unoptimised)
  endif()
endmacro()

# wring_library(name SOURCES... LINK ...) makes wring_<name>, alias wring::<name>: one target for
# each folder.
function(wring_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(wring_${name} STATIC ${arg_SOURCES})
  add_library(wring::${name} ALIAS wring_${name})
  target_link_libraries(wring_${name} PUBLIC ${arg_LINK} PRIVATE wring_settings)
  target_include_directories(wring_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  wring_precompile(wring_${name} "${wring_library_set}")
endfunction()

# wring_lto_only(target): no program links it but those with link-time optimisation, so its objects
# need no machine code, which took a third of their time. Only its unit tests would link that.
function(wring_lto_only target)
  if(NOT WRING_TESTS OR WRING_UNIT_TESTS STREQUAL "PURE")
    set_target_properties(${target} PROPERTIES WRING_LTO_ONLY ON)
  endif()
endfunction()
