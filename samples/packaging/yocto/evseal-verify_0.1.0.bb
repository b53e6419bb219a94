SUMMARY = "Verifies signed firmware packages for EV chargers"
DESCRIPTION = "A verify-only C11 library without heap, its CMake and pkg-config files, and the program evseal-verify."
# Set SRC_URI, SRCREV and LICENSE to where your copy comes from and what it says.
SRC_URI = "git://${EVSEAL_REPOSITORY};protocol=https;branch=main"
SRCREV ?= "${AUTOREV}"
LICENSE ?= "CLOSED"
S = "${WORKDIR}/git"

DEPENDS = "openssl zlib"
inherit cmake pkgconfig

# The library's folder builds alone: no signing tools, no tests.
OECMAKE_SOURCEPATH = "${S}/verify"

PACKAGES =+ "${PN}-program"
FILES:${PN}-program = "${bindir}/evseal-verify"
# Static libraries and headers only: the main package is empty.
ALLOW_EMPTY:${PN} = "1"
RDEPENDS:${PN}-dev = ""
BBCLASSEXTEND = "native"
