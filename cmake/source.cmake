# find_source(OUT PACKAGE FOLDER PROBE): the folder of a package's source, in OUT. FOLDER where it is not empty; else
# Debian's source package, fetched once for all presets. PROBE is a file that it must have.
function(find_source out package folder probe)
  if(NOT folder)
    cmake_path(ABSOLUTE_PATH CMAKE_BINARY_DIR OUTPUT_VARIABLE folder)
    cmake_path(REPLACE_FILENAME folder sources)
    string(APPEND folder /${package})
    if(NOT EXISTS ${folder}/${probe})
      message(STATUS "Fetching Debian's source of ${package}")
      execute_process(COMMAND ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/fetch-source.sh ${package} ${folder}
        OUTPUT_QUIET ERROR_VARIABLE error RESULT_VARIABLE result)
      if(NOT result EQUAL 0)
        string(TOUPPER ${package} name)
        message(FATAL_ERROR
          "The source of ${package} cannot be fetched; -DEVSEAL_${name}_DIR= names a folder that has it:\n${error}")
      endif()
    endif()
  endif()
  if(NOT EXISTS ${folder}/${probe})
    message(FATAL_ERROR "${folder} is not the source of ${package}: ${probe} is missing")
  endif()
  set(${out} ${folder} PARENT_SCOPE)
endfunction()
