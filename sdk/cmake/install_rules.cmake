# What `cmake --install build/<preset> --prefix P` lays out. Everything in it finds the rest by its own place, so that the
# folder works wherever it is put:
#   bin/cairn                    the host; looks for plugins in ../lib/cairn/plugins and for data in ../share/cairn
#   bin/cairn-check              judges a plugin
#   lib/libcairn_sdk.so*         what plugins link
#   lib/libcairn_testkit.so*     what their tests link
#   lib/cairn/plugins/           the plugins (cairn_plugin installs each)
#   lib/cmake/Cairn/             find_package(Cairn)
#   lib/pkgconfig/cairn.pc       the same for those who build without CMake
#   include/cairn/               the SDK's headers
#   share/cairn/                 sql, the page, the client, configurations, the template of `cairn plugin new`
include(CMakePackageConfigHelpers)
set(cairn_package lib/cmake/Cairn)

install(TARGETS cairn_sdk EXPORT CairnTargets LIBRARY DESTINATION lib)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/include/cairn DESTINATION include FILES_MATCHING PATTERN *.hpp)
install(TARGETS cairn_testkit EXPORT CairnTargets LIBRARY DESTINATION lib)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/testkit/include/cairn DESTINATION include FILES_MATCHING PATTERN *.hpp)
install(TARGETS cairn-check RUNTIME DESTINATION bin)

install(EXPORT CairnTargets NAMESPACE Cairn:: DESTINATION ${cairn_package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/CairnConfig.cmake.in ${CMAKE_BINARY_DIR}/CairnConfig.cmake
    INSTALL_DESTINATION ${cairn_package})
# While the major is 0, a minor may break what a plugin's source relies on (sdk/README.md).
write_basic_package_version_file(${CMAKE_BINARY_DIR}/CairnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/CairnConfig.cmake ${CMAKE_BINARY_DIR}/CairnConfigVersion.cmake
    ${CMAKE_CURRENT_LIST_DIR}/CairnPlugin.cmake ${CMAKE_CURRENT_LIST_DIR}/plugin.map DESTINATION ${cairn_package})
configure_file(${CMAKE_CURRENT_LIST_DIR}/cairn.pc.in ${CMAKE_BINARY_DIR}/cairn.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cairn.pc DESTINATION lib/pkgconfig)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/sql ${PROJECT_SOURCE_DIR}/config DESTINATION share/cairn)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/template DESTINATION share/cairn USE_SOURCE_PERMISSIONS)
install(FILES ${PROJECT_SOURCE_DIR}/sdk/client/cairn.js ${PROJECT_SOURCE_DIR}/sdk/client/cairn.d.ts
    ${PROJECT_SOURCE_DIR}/sdk/client/package.json DESTINATION share/cairn/client)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/cairn)

# The shared folder of a build looks like that of an installation.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/share/cairn)
foreach(folder template client)
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/sdk/${folder} ${CMAKE_BINARY_DIR}/share/cairn/${folder} SYMBOLIC)
endforeach()
