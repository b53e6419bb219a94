/* Certificate extensions (RFC 5280 section 4.2). Internal. */
#ifndef EVSEAL_SRC_X509_EXTENSIONS_H
#define EVSEAL_SRC_X509_EXTENSIONS_H

#include "der.h"
#include "evseal/chain.h"

/*
 * Reads the extensions of a certificate whose subject is already set. EVSEAL_OK,
 * EVSEAL_CERT_EXTENSION, EVSEAL_CERT_CRITICAL_EXTENSION or EVSEAL_CERT_NAME_CONSTRAINTS; the known
 * ones that came before a failure are set.
 */
evseal_status evseal_x509_read_extensions(evseal_certificate* out, der_reader* extensions);

/*
 * What subject and extensions say together, of a certificate without extensions too. EVSEAL_OK,
 * EVSEAL_CERT_EXTENSION or EVSEAL_CERT_NAME.
 */
evseal_status evseal_x509_check_together(const evseal_certificate* out);

#endif
