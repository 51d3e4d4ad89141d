# What a Debian package has and an installation has not: compressed pages, changelog and copyright.
# Run by CPack once the files of all packages are in place.
set(source ${CMAKE_CURRENT_LIST_DIR}/../..)
set(version ${CPACK_PACKAGE_VERSION})
if(CPACK_DEBIAN_PACKAGE_VERSION)
  set(version ${CPACK_DEBIAN_PACKAGE_VERSION})
endif()
# Packages of the same commit are the same to the byte.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND git -c safe.directory=* -C ${source} log -1 --format=%ct
    OUTPUT_VARIABLE committed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(committed)
    set(ENV{SOURCE_DATE_EPOCH} ${committed})
  endif()
endif()
set(ENV{LC_ALL} C)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

function(compress)
  execute_process(COMMAND gzip -9 -n -f ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
  list(TRANSFORM ARGN APPEND .gz)
  file(CHMOD ${ARGN} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

# `uninstall` is for what `cmake --install` made: without this it would take this list for that.
list(GET CPACK_INSTALL_CMAKE_PROJECTS 0 build)
file(GLOB manifests ${build}/install_manifest_*.txt)
if(manifests)
  file(REMOVE ${manifests})
endif()

file(GLOB staged LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(root ${staged})
  get_filename_component(package ${root} NAME)
  set(doc ${root}/usr/share/doc/${package})
  file(WRITE ${doc}/changelog
    "${package} (${version}) stable; urgency=medium\n\n"
    "  * See /usr/share/doc/${package}/NEWS.md.gz.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  configure_file(${source}/CHANGELOG.md ${doc}/NEWS.md COPYONLY)
  configure_file(${source}/packaging/debian/copyright ${doc}/copyright COPYONLY)
  file(GLOB_RECURSE pages ${root}/usr/share/man/*)
  compress(${doc}/changelog ${doc}/NEWS.md ${pages})
  file(CHMOD ${doc}/copyright PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endforeach()
