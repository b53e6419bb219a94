# One place for the flags that every target of the project gets.
add_library(evseal_flags INTERFACE)
target_compile_options(evseal_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wformat=2 -Wundef
  # A controller's library may have no place to call when it finds one overwritten.
  $<$<NOT:$<PLATFORM_ID:Generic>>:-fstack-protector-strong>
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wvla>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  # GCC 12 reports a false -Wrestrict on "literal" + std::string at -O3 (fixed in GCC 13), and the same by other names
  # where <string> comes from a precompiled header.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread>
  $<$<BOOL:${EVSEAL_WERROR}>:-Werror>)
if(EVSEAL_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(evseal_flags INTERFACE ${sanitizers})
  target_link_options(evseal_flags INTERFACE ${sanitizers})
else()
  target_compile_definitions(evseal_flags INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()
