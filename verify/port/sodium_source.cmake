# The Ed25519 of libsodium built from its source, for controllers: the target `sodium`.
set(EVSEAL_LIBSODIUM_DIR "" CACHE PATH "libsodium's source; empty: Debian's source package is fetched")
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/source.cmake)
find_source(sodium_dir libsodium "${EVSEAL_LIBSODIUM_DIR}" src/libsodium/include/sodium/version.h.in)

# The version header, as libsodium's own configure makes it with --enable-minimal.
set(sodium_library ${sodium_dir}/src/libsodium)
set(VERSION 0)
set(SODIUM_LIBRARY_VERSION_MAJOR 0)
set(SODIUM_LIBRARY_VERSION_MINOR 0)
set(SODIUM_LIBRARY_MINIMAL_DEF "#define SODIUM_LIBRARY_MINIMAL 1")
configure_file(${sodium_library}/include/sodium/version.h.in ${CMAKE_CURRENT_BINARY_DIR}/sodium/sodium/version.h @ONLY)
set(sodium_sources crypto_core/ed25519/ref10/ed25519_ref10.c crypto_hash/sha256/cp/hash_sha256_cp.c
  crypto_hash/sha512/cp/hash_sha512_cp.c crypto_sign/ed25519/ref10/open.c crypto_sign/ed25519/ref10/sign.c
  crypto_verify/sodium/verify.c sodium/utils.c)
list(TRANSFORM sodium_sources PREPEND ${sodium_library}/)
add_library(sodium STATIC ${sodium_sources})
target_include_directories(sodium SYSTEM
  # The made header includes others of its own folder, which stand in the source.
  PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_BINARY_DIR}/sodium> $<BUILD_INTERFACE:${sodium_library}/include>
         $<BUILD_INTERFACE:${sodium_library}/include/sodium>
  PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/sodium/sodium)
target_compile_definitions(sodium PUBLIC SODIUM_STATIC PRIVATE CONFIGURED=1)
set_target_properties(sodium PROPERTIES C_EXTENSIONS ON)
target_compile_options(sodium PRIVATE -w -ffunction-sections -fdata-sections)
