# Installs what depends on the prefix: units of systemd, and zsh's completions. Run once for each
# component, wring_component.
set(WRING_BIN ${CMAKE_INSTALL_PREFIX}/bin)
set(zsh ${CMAKE_INSTALL_PREFIX}/share/zsh/site-functions)
set(units ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  # Debian's own folders: in /usr, zsh looks for completions of packages only there.
  set(units /lib/systemd/system)
  set(zsh /usr/share/zsh/vendor-completions)
endif()

# A macro, because file(INSTALL) notes in the scope of its caller what it has installed.
macro(install_unit name)
  set(made ${wring_built}/packaging/${name})
  configure_file(${wring_packaging}/systemd/${name}.in ${made} @ONLY)
  file(INSTALL DESTINATION ${units} TYPE FILE FILES ${made})
endmacro()

if(wring_component STREQUAL "metrics")
  install_unit(wring-metrics.service)
elseif(wring_component STREQUAL "command")
  install_unit(wring@.service)
  file(INSTALL DESTINATION ${units} TYPE FILE FILES ${wring_packaging}/systemd/wring.target)
  file(INSTALL DESTINATION ${zsh} TYPE FILE FILES ${wring_built}/src/completion/zsh/_wring)
  # Not in /etc/apparmor.d: an AppArmor before 4 would refuse to start with it there.
  file(INSTALL DESTINATION ${CMAKE_INSTALL_PREFIX}/share/wring/apparmor TYPE FILE FILES
    ${wring_packaging}/apparmor/wring)
endif()
