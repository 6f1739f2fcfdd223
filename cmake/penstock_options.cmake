# Options of every target of ours: warnings, hardening, sanitizers, linker, compiler cache.

set(PENSTOCK_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")

add_library(penstock_options INTERFACE)
add_library(penstock::options ALIAS penstock_options)
target_include_directories(penstock_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(penstock_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow=local -Wnon-virtual-dtor)
target_compile_definitions(penstock_options INTERFACE _GLIBCXX_ASSERTIONS)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(penstock_options INTERFACE -fstack-protector-strong)
  target_compile_definitions(penstock_options INTERFACE _FORTIFY_SOURCE=2)
  target_link_options(penstock_options INTERFACE -Wl,-z,relro,-z,now)
  include(CheckPIESupported)
  check_pie_supported()
endif()

if(PENSTOCK_SANITIZE)
  target_compile_options(penstock_options INTERFACE -fsanitize=${PENSTOCK_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(penstock_options INTERFACE -fsanitize=${PENSTOCK_SANITIZE})
endif()

# A fast linker and a compiler cache where the machine has them.
find_program(PENSTOCK_MOLD mold)
find_program(PENSTOCK_LLD ld.lld)
if(PENSTOCK_MOLD)
  target_link_options(penstock_options INTERFACE -fuse-ld=mold)
elseif(PENSTOCK_LLD)
  target_link_options(penstock_options INTERFACE -fuse-ld=lld)
endif()
find_program(PENSTOCK_CCACHE ccache)
if(PENSTOCK_CCACHE)
  # Precompiled headers are only cached with these two settings (and -fpch-preprocess).
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env
    "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
    ${PENSTOCK_CCACHE})
endif()
