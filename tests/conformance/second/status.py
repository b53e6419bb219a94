"""Statuses and their classes: the table of format.md section 10, and the exception that carries one."""

CONFIGURATION, NOT_AUTHENTIC, REFUSED, MALFORMED, IO = 2, 3, 4, 5, 6

_NAMES = {
    0: "ok",
    CONFIGURATION: "misuse workspace_too_small profile_damaged state_missing state_damaged state_mismatch"
                   " clock_missing crypto_missing crypto_failed progress_mismatch",
    IO: "aborted",
    MALFORMED: "file_magic file_version envelope_length truncated der_encoding cms_content_type cms_version"
               " cms_digest_algorithms cms_content cms_certificates cms_crls cms_signers cms_signer_version"
               " cms_signer_id cms_algorithm cms_attributes cms_attribute_value cms_unsigned_attributes"
               " cms_signing_certificate cms_unlisted_certificate cert_encoding crl_unsupported crl_encoding"
               " crl_number manifest_syntax manifest_schema manifest_version manifest_kind manifest_stage"
               " manifest_encoding limit_components limit_chunk component_mask kind_mismatch padding trailing_data"
               " inflate",
    NOT_AUTHENTIC: "unsigned cert_version cert_serial cert_algorithm cert_pkcs1 cert_name cert_validity cert_key"
                   " cert_extension cert_critical_extension cert_name_constraints chain_no_anchor chain_signature"
                   " chain_not_ca chain_key_usage chain_path_length chain_key_identifier chain_purpose chain_too_long"
                   " chain_budget leaf_is_ca leaf_key_usage leaf_purpose leaf_ocpp leaf_policy chain_policy"
                   " anchor_scope crl_issuer crl_algorithm digest_mismatch signature_encoding signature_range"
                   " signature_high_s signature_invalid role_conflict algorithm_unknown signer_not_listed tree_node"
                   " chunk_digest",
    REFUSED: "crl_missing crl_stale crl_stripped revoked crl_too_many threshold_not_met signer_repeated"
             " manifest_critical kind_unsupported stage_refused stage_mismatch wrong_device wrong_hardware"
             " wrong_serial scope_model scope_component component_unknown rollback version_jump requirement_unmet"
             " component_absent trust_epoch trust_store recovery_refused not_yet_valid expired expired_floor"
             " clock_before clock_after component_skipped",
}

CLASS = {name: exit_code for exit_code, names in _NAMES.items() for name in names.split()}


class Refused(Exception):
    """A verdict other than ok: `status` is a name of section 10, `detail` a sentence for people."""

    def __init__(self, status, detail=""):
        if status not in CLASS:
            raise KeyError(status)
        super().__init__(f"{status}: {detail}" if detail else status)
        self.status = status
        self.detail = detail


def require(condition, status, detail=""):
    """Refuse with `status` unless `condition` holds."""
    if not condition:
        raise Refused(status, detail)
