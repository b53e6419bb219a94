# BearSSL built from its source, for controllers: the target `bearssl`. Only what a verifier can use; what it does not use
# the linker leaves out.
set(EVSEAL_BEARSSL_DIR "" CACHE PATH "BearSSL's source; empty: Debian's source package is fetched")
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/source.cmake)
find_source(bearssl_dir bearssl "${EVSEAL_BEARSSL_DIR}" inc/bearssl.h)

file(GLOB bearssl_sources ${bearssl_dir}/src/codec/*.c ${bearssl_dir}/src/ec/*.c ${bearssl_dir}/src/hash/*.c
  ${bearssl_dir}/src/int/*.c ${bearssl_dir}/src/rsa/*.c)
add_library(bearssl STATIC ${bearssl_sources})
target_include_directories(bearssl SYSTEM PUBLIC $<BUILD_INTERFACE:${bearssl_dir}/inc> PRIVATE ${bearssl_dir}/src)
# No operating system; and its settings for Cortex-M, which are right for any 32-bit core without a wide multiplier.
target_compile_definitions(bearssl PRIVATE BR_USE_URANDOM=0 BR_USE_UNIX_TIME=0 BR_LOMUL=1
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},arm>:BR_ARMEL_CORTEXM_GCC=1>)
set_target_properties(bearssl PROPERTIES C_EXTENSIONS ON)
target_compile_options(bearssl PRIVATE -w -ffunction-sections -fdata-sections)
