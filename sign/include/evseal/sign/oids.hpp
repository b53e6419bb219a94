// Object identifiers that the signing side writes, in dotted form.
#pragma once

namespace evseal::sign::oids {

inline constexpr const char* kSignedData = "1.2.840.113549.1.7.2";
inline constexpr const char* kContentType = "1.2.840.113549.1.9.3";
inline constexpr const char* kMessageDigest = "1.2.840.113549.1.9.4";
inline constexpr const char* kSigningTime = "1.2.840.113549.1.9.5";
inline constexpr const char* kSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";
inline constexpr const char* kSha256 = "2.16.840.1.101.3.4.2.1";
inline constexpr const char* kSha384 = "2.16.840.1.101.3.4.2.2";
inline constexpr const char* kSha512 = "2.16.840.1.101.3.4.2.3";
inline constexpr const char* kEcdsaSha256 = "1.2.840.10045.4.3.2";
inline constexpr const char* kEcdsaSha384 = "1.2.840.10045.4.3.3";
inline constexpr const char* kEd25519 = "1.3.101.112";
inline constexpr const char* kRsassaPss = "1.2.840.113549.1.1.10";
inline constexpr const char* kMgf1 = "1.2.840.113549.1.1.8";
inline constexpr const char* kCommonName = "2.5.4.3";
inline constexpr const char* kCountry = "2.5.4.6";
inline constexpr const char* kOrganization = "2.5.4.10";
inline constexpr const char* kOrganizationalUnit = "2.5.4.11";
inline constexpr const char* kSubjectKeyIdentifier = "2.5.29.14";
inline constexpr const char* kKeyUsage = "2.5.29.15";
inline constexpr const char* kBasicConstraints = "2.5.29.19";
inline constexpr const char* kCrlNumber = "2.5.29.20";
inline constexpr const char* kCertificatePolicies = "2.5.29.32";
inline constexpr const char* kAuthorityKeyIdentifier = "2.5.29.35";
inline constexpr const char* kExtKeyUsage = "2.5.29.37";
inline constexpr const char* kCodeSigning = "1.3.6.1.5.5.7.3.3";
inline constexpr const char* kUpdatePackageSigning = "1.3.6.1.5.5.7.3.43";  // RFC 9809

// docs/format.md §1
inline constexpr const char* kManifest = "2.25.16969548012417228313490157624141281090.1.1";
inline constexpr const char* kPolicyDev = "2.25.16969548012417228313490157624141281090.2.1";
inline constexpr const char* kPolicyPilot = "2.25.16969548012417228313490157624141281090.2.2";
inline constexpr const char* kPolicyProd = "2.25.16969548012417228313490157624141281090.2.3";
inline constexpr const char* kPolicyTrustUpdate = "2.25.16969548012417228313490157624141281090.2.4";

}  // namespace evseal::sign::oids
