/* Fields that certificates and CRLs have alike (RFC 5280). Internal. */
#ifndef EVSEAL_SRC_X509_FIELDS_H
#define EVSEAL_SRC_X509_FIELDS_H

#include "der.h"
#include "evseal/signature.h"

/* A Name (section 4.1.2.4) of at most EVSEAL_MAX_NAME octets: RDNs that are not empty sets of a
 * type and one value. Values are not interpreted: names chain by their bytes. */
bool evseal_x509_name_well_formed(evseal_span name);

/*
 * The signature algorithm as certificates and CRLs may use it (docs/format.md section 5.1); `inner`
 * and `outer` are the two AlgorithmIdentifiers, which must be equal. False for one that is refused.
 */
bool evseal_x509_algorithm(evseal_algorithm* out, evseal_span inner, evseal_span outer);

/* A parsed key as certificates may carry it (docs/format.md section 5.1): on top of parsing, a sane
 * RSA exponent and PSS parameters. */
bool evseal_x509_key_acceptable(const evseal_public_key* key);

/* An Extension: extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING. */
typedef struct x509_extension {
  evseal_span oid;
  evseal_span value; /* the OCTET STRING's content */
  bool critical;
} x509_extension;

bool evseal_x509_read_extension(der_reader* extensions, x509_extension* out);

/* True when none of the extensions from `rest` on has this OID, and all are well-formed. */
bool evseal_x509_unique_from(der_reader rest, evseal_span oid);

/* AuthorityKeyIdentifier (section 4.2.1.1); absent parts stay empty. */
typedef struct x509_authority {
  evseal_span key_id;
  evseal_span issuer; /* whole Name of the one directoryName */
  evseal_span serial;
} x509_authority;

bool evseal_x509_read_authority(x509_authority* out, der_reader value);

#endif
