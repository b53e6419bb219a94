# What `cmake --install` puts where, and how others find it: find_package(evseal COMPONENTS verify), and pkg-config's
# evseal-verify with one file more for each backend.
include(CMakePackageConfigHelpers)

set(installed evseal_verify)
foreach(backend IN LISTS backends)
  list(APPEND installed evseal_verify_${backend})
endforeach()
foreach(library IN LISTS installed)
  string(REGEX REPLACE "^evseal_" "" name ${library})
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${name})
endforeach()
# Libraries that were built here, from source, go along.
foreach(library bearssl sodium)
  if(TARGET ${library})
    get_target_property(imported ${library} IMPORTED)
    if(NOT imported)
      list(APPEND installed ${library})
    endif()
  endif()
endforeach()

install(TARGETS ${installed} EXPORT evseal_verify ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT verify)
install(DIRECTORY include/evseal DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT verify)
if(EVSEAL_CONFIG_FILE)
  install(FILES ${EVSEAL_CONFIG_FILE} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/evseal RENAME config_file.h COMPONENT verify)
endif()
if(TARGET evseal-verify)
  install(TARGETS evseal-verify RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT verify)
endif()

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/evseal)
install(EXPORT evseal_verify FILE evsealVerifyTargets.cmake NAMESPACE evseal:: DESTINATION ${config_dir} COMPONENT verify)
configure_package_config_file(evsealConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/evsealConfig.cmake
  INSTALL_DESTINATION ${config_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/evsealConfigVersion.cmake
  VERSION ${EVSEAL_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/evsealConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/evsealConfigVersion.cmake
  DESTINATION ${config_dir} COMPONENT verify)

# The way from a pkg-config file to the prefix, so that the tree may be moved.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)

# pkg_config(NAME DESCRIPTION LIBS REQUIRES)
function(pkg_config name description libs requires)
  set(pc_name ${name})
  set(pc_description ${description})
  set(pc_libs ${libs})
  set(pc_requires ${requires})
  set(pc_definitions)
  if(EVSEAL_CONFIG_FILE)
    set(pc_definitions " -DEVSEAL_CONFIG_FILE='\"evseal/config_file.h\"'")
  endif()
  configure_file(evseal-verify.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT verify)
endfunction()
pkg_config(evseal-verify "Verifies signed firmware packages: no heap, no stdio" -levseal_verify "")
set(needs_openssl "libcrypto >= 3.0")
set(needs_sodium "libsodium")
foreach(backend IN LISTS backends)
  set(libs "-levseal_verify_${backend}")
  if(backend STREQUAL bearssl OR CMAKE_SYSTEM_NAME STREQUAL Generic)
    string(APPEND libs " -l${backend}")  # has no pkg-config file of its own
    set(needs_${backend})
  endif()
  pkg_config(evseal-verify-${backend} "The crypto of evseal-verify by ${backend}" "${libs}"
    "evseal-verify = ${EVSEAL_VERSION} ${needs_${backend}}")
endforeach()
