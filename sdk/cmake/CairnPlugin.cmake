# cairn_add_plugin(NAME source… [SQL folder] [WEB folder])
#
# Makes build/plugins/NAME.so from the sources, built the way that the host wants: C++20, everything hidden but the two
# symbols of CAIRN_PLUGIN, undefined symbols told by the linker. NAME is the target too: link more libraries to it.
#
#   SQL folder   holds sqlite/NNNN_what.sql and postgres/NNNN_what.sql: the tables of the plugin
#   WEB folder   holds the files of its pages; Setup::share_dir() + "/NAME" is where it is at run time
#
# Both are linked to below build/share/cairn, where the host looks for them beside build/plugins: a change needs no build.
# `cmake --install build --prefix P` puts all of it into an installation of Cairn, or anywhere else.
function(cairn_add_plugin name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "SQL;WEB" "")
    if(NOT ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "cairn_add_plugin(${name}): name its sources, for example cairn_add_plugin(${name} ${name}_plugin.cpp)")
    endif()
    if(NOT name MATCHES "^[A-Za-z0-9_-]+$")
        message(FATAL_ERROR "cairn_add_plugin(${name}): a plugin's name has letters, digits, '_' and '-'")
    endif()
    add_library(${name} MODULE ${ARG_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE Cairn::sdk)
    set_target_properties(${name} PROPERTIES
        PREFIX ""
        CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins
        # The host has loaded libcairn_sdk.so already; programs that load the plugin without it find it by this.
        INSTALL_RPATH "$ORIGIN/../..")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Unique symbols would share statics with other plugins.
        target_compile_options(${name} PRIVATE -fno-gnu-unique)
    endif()
    target_link_options(${name} PRIVATE -Wl,-z,defs -Wl,-z,relro,-z,now -Wl,--exclude-libs,ALL
        -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
    install(TARGETS ${name} LIBRARY DESTINATION lib/cairn/plugins)

    foreach(kind SQL WEB)
        if(NOT ARG_${kind})
            continue()
        endif()
        get_filename_component(folder ${ARG_${kind}} ABSOLUTE)
        if(NOT IS_DIRECTORY ${folder})
            message(FATAL_ERROR "cairn_add_plugin(${name} ${kind} ${ARG_${kind}}): there is no folder ${folder}")
        endif()
        set(place share/cairn/${name})
        if(kind STREQUAL "SQL")
            set(place share/cairn/sql/${name})
        endif()
        get_filename_component(above ${CMAKE_BINARY_DIR}/${place} DIRECTORY)
        file(MAKE_DIRECTORY ${above})
        file(CREATE_LINK ${folder} ${CMAKE_BINARY_DIR}/${place} SYMBOLIC)
        install(DIRECTORY ${folder}/ DESTINATION ${place})
    endforeach()
endfunction()
