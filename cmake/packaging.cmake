# `cpack -G DEB` in a build folder: the program, its hardened service and the documentation as a Debian package. Which
# packages it depends on is asked of the program itself (dpkg-shlibdeps), so build it on the release that it is for.
include(GNUInstallDirs)

set(units ${CMAKE_SOURCE_DIR}/docker/systemd)
install(TARGETS eb-collector RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${units}/eb-collector.service DESTINATION lib/systemd/system)
install(FILES ${units}/eb-collector.toml DESTINATION /etc/eb-collector)
install(FILES ${units}/kafka-secrets DESTINATION /etc/eb-collector PERMISSIONS OWNER_READ OWNER_WRITE)
install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kafka-eb-collector)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kafka-eb-collector)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kafka-eb-collector)
set(CPACK_PACKAGE_CONTACT "kafka-eb-collector maintainers <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "collects event groups on a Kafka bus, exactly once")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${units}/conffiles ${units}/postinst ${units}/prerm)
include(CPack)
