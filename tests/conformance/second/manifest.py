"""The manifest's members: format.md section 7. `load` is syntax, members and `critical` of rule 8."""

import re

import jsonstrict
import times
from status import Refused, require

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HEX_TEXT = re.compile(r"(?:[0-9a-f]{2})+")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_SERIAL = re.compile(r"[!#-\[\]-~]{1,32}")
_MEMBER_NAME = re.compile(r"[a-z0-9_]{1,32}")

BELOW_31, BELOW_53 = 2**31 - 1, 2**53 - 1
MAX_LEAVES = 2**20

# every member name that section 7 defines and this verifier implements: what `critical` may name
IMPLEMENTED = set("""
    format format_version package id vendor version kind stage created source repository commit build compatible model
    hardware max min serials components security_version size sha256 stored_size encoding chunk_size tree_root
    load_address requires min_security_version preserve offset metrology sbom name critical crls issuer_key number
    epoch trust resets security_versions time_floor recovery
""".split())


def load(octets):
    """Section 7: the members of the manifest as a dict, or the status of what it breaks."""
    members = jsonstrict.parse(octets)
    _check(members)
    return members


def _check(members):
    """All members: first those that say which text the rest follows."""
    _get(members, "format", lambda value: _schema(value == "evseal-manifest", "format"))
    _get(members, "format_version", _integer(0, BELOW_53))
    require(members["format_version"] == 1, "manifest_version")
    _get(members, "critical", _array(1, 32, _pattern(_MEMBER_NAME), key=str), optional=True)
    unknown = [name for name in members.get("critical", []) if name not in IMPLEMENTED]
    require(not unknown, "manifest_critical", " ".join(unknown))
    _get(members, "package", _package)
    _get(members, "created", _created)
    _get(members, "source", _source, optional=True)
    _get(members, "compatible", _array(1, 32, _compatible))
    if members["package"]["kind"] == "firmware":
        _get(members, "components", _array(1, 32, _component))
        ids = [component["id"] for component in members["components"]]
        _schema(len(set(ids)) == len(ids), "two components with the same id")
    else:
        _trust_update(members)
    _get(members, "crls", _array(1, 8, _crl, key="issuer_key"), optional=True)
    _get(members, "sbom", _array(1, 8, _sbom), optional=True)


# ---- types ----

def _schema(condition, detail):
    require(condition, "manifest_schema", detail)


def _get(members, name, check, optional=False):
    """Apply `check` to the member `name`, which may be missing only where it is optional."""
    _schema(isinstance(members, dict), "not an object")
    if name not in members:
        _schema(optional, f"{name} is missing")
        return
    try:
        check(members[name])
    except Refused as refused:
        raise Refused(refused.status, f"{name}: {refused.detail}") from refused


def _integer(low, high):
    def check(value):
        _schema(type(value) is int and low <= value <= high, f"not an integer from {low} to {high}")
    return check


def _text(low, high):
    def check(value):
        _schema(isinstance(value, str) and low <= len(value.encode()) <= high, f"not text of {low} to {high} octets")
    return check


def _pattern(pattern, longest=64):
    def check(value):
        _schema(isinstance(value, str) and pattern.fullmatch(value) and len(value) <= longest, "wrong text")
    return check


_name, _hex64, _component_id = _pattern(_NAME), _pattern(_HEX64), _pattern(_NAME, 32)


def _choice(status, *choices):
    """A text that is one of `choices`; another text is `status`, another type manifest_schema."""
    def check(value):
        _schema(isinstance(value, str), "not text")
        require(value in choices, status, value)
    return check


def _array(low, high, check_item, key=None):
    """An array of `low` to `high` items; with `key` strictly ascending by that member (str: by the item itself)."""
    def check(value):
        _schema(isinstance(value, list) and low <= len(value) <= high, f"not an array of {low} to {high}")
        for item in value:
            check_item(item)
        if key is not None:
            order = [(item if key is str else item[key]).encode() for item in value]
            _schema(all(before < after for before, after in zip(order, order[1:])), "not strictly ascending")
    return check


# ---- members ----

def _package(value):
    _get(value, "id", _name)
    _get(value, "vendor", _name)
    _get(value, "version", _text(1, 64))
    _get(value, "kind", _choice("manifest_kind", "firmware", "trust-update"))
    _get(value, "stage", _choice("manifest_stage", "dev", "pilot", "prod"))


def _created(value):
    _schema(isinstance(value, str), "not text")
    try:
        times.parse_text(value)
    except ValueError as error:
        raise Refused("manifest_schema", str(error)) from error


def _source(value):
    _schema(isinstance(value, dict), "not an object")
    for name in ("repository", "commit", "build"):
        _get(value, name, _text(0, 256), optional=True)


def _crl(value):
    _get(value, "issuer_key", _hex64)
    _get(value, "number", _integer(0, BELOW_53))


def _sbom(value):
    _get(value, "name", _text(1, 128))
    _get(value, "format", _name)
    _get(value, "sha256", _hex64)


def _trust_update(members):
    """Section 7.3."""
    _schema("components" not in members, "components in a trust-update")
    _get(members, "epoch", _integer(1, BELOW_31))
    _get(members, "trust", _pattern(_HEX_TEXT, 32768))
    _get(members, "resets", _resets, optional=True)
    _get(members, "recovery", _hex64, optional=True)


def _resets(value):
    _get(value, "crls", _array(1, 16, _hex64, key=str), optional=True)
    _get(value, "security_versions", _array(1, 32, _reset_floor, key="id"), optional=True)
    _get(value, "time_floor", _reset_time, optional=True)


def _reset_time(value):
    _created(value)
    _schema(times.parse_text(value) >= 0, "before 1970: no state can keep it")


def _reset_floor(value):
    _get(value, "id", _component_id)
    _get(value, "security_version", _integer(0, BELOW_31))


def _hardware(value):
    _get(value, "max", _integer(0, BELOW_31))
    _get(value, "min", _integer(0, BELOW_31))
    _schema(value["min"] <= value["max"], "min above max")


def _compatible(value):
    """Section 7.1."""
    _get(value, "vendor", _name)
    _get(value, "model", _name)
    _get(value, "hardware", _hardware, optional=True)
    _get(value, "serials", _array(1, 64, _pattern(_SERIAL, 32), key=str), optional=True)


def _component(value):
    """Section 7.2."""
    _get(value, "id", _component_id)
    _get(value, "version", _text(1, 64))
    _get(value, "security_version", _integer(0, BELOW_31))
    _get(value, "size", _integer(1, BELOW_53))
    _get(value, "sha256", _hex64)
    _get(value, "stored_size", _integer(1, BELOW_53))
    _get(value, "encoding", _choice("manifest_encoding", "none", "gzip"))
    _get(value, "chunk_size", _integer(4096, 1048576))
    _get(value, "tree_root", _hex64)
    _schema(value["chunk_size"] & value["chunk_size"] - 1 == 0, "chunk_size is not a power of two")
    _schema(value["encoding"] != "none" or value["stored_size"] == value["size"], "stored_size is not size")
    _schema(value["stored_size"] <= value["chunk_size"] * MAX_LEAVES, "more than 2^20 leaves")
    _get(value, "hardware", _hardware, optional=True)
    _get(value, "load_address", _integer(0, BELOW_53), optional=True)
    _get(value, "requires", _array(1, 8, _requirement, key="id"), optional=True)
    _get(value, "preserve", lambda ranges: _preserve(ranges, value["size"]), optional=True)
    _get(value, "metrology", lambda flag: _schema(isinstance(flag, bool), "not a boolean"), optional=True)


def _requirement(value):
    _get(value, "id", _component_id)
    _get(value, "min_security_version", _integer(0, BELOW_31))


def _preserve(ranges, size):
    def check_range(value):
        _get(value, "offset", _integer(0, BELOW_53))
        _get(value, "size", _integer(1, BELOW_53))
    _array(1, 4, check_range)(ranges)
    end = 0
    for item in ranges:
        _schema(item["offset"] >= end, "not ascending and disjoint")
        end = item["offset"] + item["size"]
    _schema(end <= size, "beyond the image")
