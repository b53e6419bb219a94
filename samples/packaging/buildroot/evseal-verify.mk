################################################################################
#
# evseal-verify
#
################################################################################

EVSEAL_VERIFY_VERSION = 0.1.0
# Where your copy comes from.
EVSEAL_VERIFY_SITE = $(call qstrip,$(EVSEAL_REPOSITORY))
EVSEAL_VERIFY_SITE_METHOD = git
EVSEAL_VERIFY_SUBDIR = verify
EVSEAL_VERIFY_INSTALL_STAGING = YES
EVSEAL_VERIFY_DEPENDENCIES = openssl zlib

$(eval $(cmake-package))
