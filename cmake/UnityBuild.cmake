# The files of a target compiled as one, because most of a small file's time goes into headers: the
# sanitizers' builds take half as long. `dev` compiles each file alone, so a file still has to
# include what it uses. ALL is for builds that only tests run. REST leaves the engine out, whose
# files have link-time optimisation instead.
set(WRING_UNITY "" CACHE STRING "Compile the files of a target as one: ALL, REST or nothing")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 0)
if(WRING_UNITY STREQUAL "ALL")
  set(CMAKE_UNITY_BUILD ON)
endif()

# Targets that come after it, in this folder and below, are not part of the engine. No packet passes
# through them, so they are neither linked with link-time optimisation nor compiled by -O3: that
# took a third of the release build's time.
macro(wring_beside_the_engine)
  if(WRING_UNITY)
    set(CMAKE_UNITY_BUILD ON)
  endif()
  if(CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
    add_link_options(-fno-lto)
  endif()
  string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
endmacro()

# wring_apart(FILE...): files that use a name of their own which another file of the target uses,
# too, for something else.
function(wring_apart)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
