# penstock_module(<name> SOURCES ... [TESTS ...] [DEPENDS ...] [PRIVATE_DEPENDS ...] [PCH <header>])
#
# Declares the static library penstock::<name> and, with tests enabled, the Catch2 program <name>_tests.
function(penstock_module name)
  cmake_parse_arguments(arg "" "PCH" "SOURCES;TESTS;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(penstock_${name} STATIC ${arg_SOURCES})
  add_library(penstock::${name} ALIAS penstock_${name})
  target_link_libraries(penstock_${name} PUBLIC penstock::options ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
  if(arg_PCH)
    target_precompile_headers(penstock_${name} PRIVATE "${arg_PCH}")
    target_compile_options(penstock_${name} PRIVATE -fpch-preprocess)
  endif()
  if(PENSTOCK_TESTS AND arg_TESTS)
    add_executable(${name}_tests ${arg_TESTS})
    target_link_libraries(${name}_tests PRIVATE penstock::${name} penstock::catch_main ${arg_PRIVATE_DEPENDS})
    if(arg_PCH)
      target_precompile_headers(${name}_tests REUSE_FROM penstock_${name})
      # Position-independent code of programs is compiled otherwise than that of libraries, and g++ takes a precompiled
      # header only with the options it was made with. Without this error it would be silently slow.
      target_compile_options(${name}_tests PRIVATE
        -fpch-preprocess -Werror=invalid-pch $<$<BOOL:${CMAKE_POSITION_INDEPENDENT_CODE}>:-fPIC>)
    endif()
    add_test(NAME ${name} COMMAND ${name}_tests --durations no)
  endif()
endfunction()
