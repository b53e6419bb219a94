"""Cases of format.md section 7: the syntax and the members of the manifest."""

import copy

import gen_package as pack
from gen_suite import both, dropper, profile_for, setter

SCHEMA = "manifest_schema"


def add_cases(suite):
    """All cases of this module."""
    _syntax_tokens(suite)
    _syntax_numbers(suite)
    _syntax_strings(suite)
    _syntax_structure(suite)
    _required_members(suite)
    _types(suite)
    _texts(suite)
    _numbers(suite)
    _head(suite)
    _compatible(suite)
    _components(suite)
    _requires_and_preserve(suite)
    _documents(suite)
    _critical(suite)
    _unknown_members(suite)
    _positive(suite)


def replaced(before, after):
    """A change of the manifest's octets that happens exactly once."""
    def raw(octets):
        if octets.count(before) != 1:
            raise ValueError(f"{before} stands {octets.count(before)} times")
        return octets.replace(before, after)
    return raw


def _syntax(suite):
    def add(case_id, what, raw, expect="manifest_syntax"):
        suite.add(f"json.{case_id}", what, expect, raw=raw)
    return add


def _unknown(value):
    """The manifest with an unknown member `zz` of this raw value."""
    return lambda octets: octets[:-1] + b',"zz":' + value + b"}"


def _syntax_tokens(suite):
    add = _syntax(suite)
    add("space-after-colon", "A space follows a colon.", replaced(b'"created":', b'"created": '))
    add("space-after-comma", "A space follows a comma.", replaced(b',"created"', b', "created"'))
    add("space-before", "A space stands before the object.", lambda o: b" " + o)
    add("space-after", "A space follows the object.", lambda o: o + b" ")
    add("newline-after", "A newline follows the object.", lambda o: o + b"\n")
    add("tab", "A tab stands between two tokens.", replaced(b',"created"', b',\t"created"'))
    add("nul-after", "A NUL follows the object.", lambda o: o + b"\0")
    add("bom", "The text begins with a byte order mark.", lambda o: b"\xef\xbb\xbf" + o)
    add("utf-16", "The text is UTF-16.", lambda o: o.decode().encode("utf-16-le"))
    add("two-objects", "A second object follows.", lambda o: o + b"{}")
    add("array", "The text is an array.", lambda o: b"[" + o + b"]")
    add("string", "The text is a string.", lambda o: b'"evseal-manifest"')
    add("number", "The text is a number.", lambda o: b"1")
    add("cut", "The last brace is missing.", lambda o: o[:-1])
    add("only-brace", "The text is one brace.", lambda o: b"{")
    add("no-json", "The text is no JSON.", lambda o: b"evseal")
    add("empty-object", "The text is an empty object.", lambda o: b"{}", SCHEMA)
    add("trailing-comma", "A comma stands before the last brace.", lambda o: o[:-1] + b",}")
    add("leading-comma", "A comma follows the first brace.", lambda o: b"{," + o[1:])
    add("missing-comma", "A comma is missing.", replaced(b',"created"', b'"created"'))
    add("missing-colon", "A colon is missing.", replaced(b'"created":', b'"created"'))
    add("array-trailing-comma", "A comma stands before the end of an array.", _unknown(b"[1,]"))
    add("array-missing-comma", "A comma is missing in an array.", _unknown(b'["a""b"]'))
    add("comment", "There is a comment.", replaced(b',"created"', b',/**/"created"'))
    add("single-quotes", "A string has single quotes.", _unknown(b"'x'"))
    add("unquoted-name", "A member name has no quotes.", lambda o: o[:-1] + b",zz:1}")
    for word in (b"null", b"True", b"TRUE", b"tru", b"NaN", b"Infinity", b"undefined", b"truefalse"):
        add(f"word-{word.decode()}", f"A value is {word.decode()}.", _unknown(word))
    add("null-in-array", "null stands in an array.", _unknown(b"[null]"))
    add("no-value", "A member has no value.", _unknown(b""))


def _syntax_numbers(suite):
    add = _syntax(suite)
    for label, value in (("negative", b"-1"), ("negative-zero", b"-0"), ("plus", b"+1"), ("fraction", b"1.0"),
                         ("exponent", b"1e2"), ("exponent-capital", b"1E2"), ("leading-zero", b"01"),
                         ("two-zeros", b"00"), ("point", b".5"), ("point-after", b"5."), ("hex", b"0x10"),
                         ("2-53", b"9007199254740992"), ("2-53-plus-1", b"9007199254740993"),
                         ("2-64", b"18446744073709551616"), ("huge", b"1" + b"0" * 300), ("underscore", b"1_000"),
                         ("arabic-digit", "\u0661".encode())):
        add(f"number-{label}", f"A number is written {label}.", _unknown(value))
    add("number-2-53-minus-1", "A number is 2^53 - 1.", _unknown(b"9007199254740991"), "ok")
    add("number-0", "A number is 0.", _unknown(b"0"), "ok")


def _syntax_strings(suite):
    add = _syntax(suite)
    for label, value in (
            ("escape-u0041", b"\\u0041"), ("escape-u00e4", b"\\u00e4"), ("escape-slash", b"\\/"), ("escape-n", b"\\n"),
            ("escape-b", b"\\b"), ("escape-t", b"\\t"), ("escape-u000a", b"\\u000a"), ("escape-u0022", b"\\u0022"),
            ("escape-surrogates", b"\\ud83d\\ude00"), ("escape-x", b"\\x41"), ("escape-end", b"abc\\"),
            ("control-00", b"\0"), ("control-0a", b"\n"), ("control-1f", b"\x1f"), ("control-7f", b"\x7f"),
            ("control-80", b"\xc2\x80"), ("control-85", b"\xc2\x85"), ("control-9f", b"\xc2\x9f"),
            ("utf8-lone", b"\x80"), ("utf8-ff", b"\xff"), ("utf8-cut-2", b"\xc3"), ("utf8-cut-3", b"\xe2\x82"),
            ("utf8-cut-4", b"\xf0\x9f\x98"), ("utf8-latin1", b"caf\xe9"), ("utf8-overlong-2", b"\xc1\x81"),
            ("utf8-overlong-nul", b"\xc0\x80"), ("utf8-overlong-3", b"\xe0\x81\x81"),
            ("utf8-overlong-4", b"\xf0\x80\x81\x81"), ("utf8-surrogate", b"\xed\xa0\x80"),
            ("utf8-surrogate-low", b"\xed\xbf\xbf"), ("utf8-surrogate-pair", b"\xed\xa0\xbd\xed\xb8\x80"),
            ("utf8-above", b"\xf4\x90\x80\x80"), ("utf8-5-octets", b"\xf8\x88\x80\x80\x80")):
        add(f"string-{label}", f"A string has {label}.", _unknown(b'"' + value + b'"'))
    for label, value in (
            ("quote", b'\\"'), ("backslash", b"\\\\"), ("both", b'\\\\\\"'), ("slash", b"/"), ("empty", b""),
            ("del-less", b"\x7e"), ("a0", b"\xc2\xa0"), ("umlaut", "\u00e4".encode()), ("2028", "\u2028".encode()),
            ("fffe", "\ufffe".encode()), ("feff", "\ufeff".encode()), ("d7ff", "\ud7ff".encode()),
            ("e000", "\ue000".encode()), ("emoji", "\U0001f600".encode()), ("last", "\U0010ffff".encode())):
        add(f"string-{label}-ok", f"A string has {label}.", _unknown(b'"' + value + b'"'), "ok")
    add("string-no-end", "A string has no end.", lambda o: o[:-1] + b',"zz":"x}')


def _syntax_structure(suite):
    add = _syntax(suite)
    add("unsorted", "Two members are not in order.", replaced(b'"format":"evseal-manifest","format_version":1',
                                                              b'"format_version":1,"format":"evseal-manifest"'))
    add("unsorted-inner", "Two members of a component are not in order.",
        lambda o: o.replace(b'"size":3000,"stored_size":3000', b'"stored_size":3000,"size":3000'))
    add("unsorted-unknown", "An unknown member is not in order.", lambda o: o[:-1] + b',"aa":1}')
    add("twice", "A member stands twice.", replaced(b'"format_version":1', b'"format_version":1,"format_version":1'))
    add("twice-unknown", "An unknown member stands twice.", lambda o: o[:-1] + b',"zz":1,"zz":2}')
    add("name-empty", "A member name is empty.", lambda o: b'{"":1,' + o[1:])
    add("name-32", "A member name has 32 characters.", lambda o: o[:-1] + b',"' + b"z" * 32 + b'":1}', "ok")
    add("name-33", "A member name has 33 characters.", lambda o: o[:-1] + b',"' + b"z" * 33 + b'":1}')
    add("name-capital", "A member name has a capital.", lambda o: b'{"Aa":1,' + o[1:])
    add("name-hyphen", "A member name has a hyphen.", lambda o: o[:-1] + b',"z-z":1}')
    add("name-umlaut", "A member name has an umlaut.", lambda o: o[:-1] + ',"z\u00e4":1}'.encode())
    add("name-escaped", "A member name has an escape.", lambda o: o[:-1] + b',"z\\u007a":1}')
    add("name-digits", "A member name begins with a digit.", lambda o: b'{"0_1":1,' + o[1:], "ok")
    add("name-number", "A member name is a number.", lambda o: o[:-1] + b",1:1}")
    for depth in (5, 6, 7, 40, 4000):
        expect = "ok" if depth <= 6 else "manifest_syntax"
        inner = depth - 1
        add(f"nesting-{depth}-arrays", f"Arrays are nested {depth} deep, the outermost object counted.",
            _unknown(b"[" * inner + b"]" * inner), expect)
        if depth < 100:
            add(f"nesting-{depth}-objects", f"Objects are nested {depth} deep.",
                _unknown(b'{"z":' * (inner - 1) + b"{}" + b"}" * (inner - 1)), expect)
    add("nesting-6-value", "A number stands at the sixth level.", _unknown(b"[[[[[1]]]]]"), "ok")
    add("bracket-mismatch", "An array ends with a brace.", _unknown(b"[1}"))
    add("empty-values", "Unknown members are an empty object and an empty array.", _unknown(b'[{},[],""]'), "ok")


def _schema(suite):
    def add(case_id, what, edit, expect=SCHEMA, **more):
        suite.add(f"schema.{case_id}", what, expect, edit=edit, **more)
    return add


OPTIONAL_FILLED = {
    "source": {"repository": "https://git.example/fw", "commit": "0123abcd", "build": "ci-77"},
    "sbom": [{"name": "fw.spdx.json", "format": "spdx-2.3", "sha256": "ab" * 32}],
    "critical": ["components", "metrology"],
}


def filled(members):
    """An edit: every optional member is there (but `crls`)."""
    members.update(copy.deepcopy(OPTIONAL_FILLED))
    members["compatible"][0].update(hardware={"max": 9, "min": 2}, serials=["CP-0041", "CP-0042"])
    members["components"][1].update(
        hardware={"max": 5, "min": 3}, load_address=134217728, metrology=True,
        preserve=[{"offset": 16, "size": 64}, {"offset": 80, "size": 8}, {"offset": 9000, "size": 1000}],
        requires=[{"id": "boot", "min_security_version": 3}, {"id": "modem", "min_security_version": 0}])


def _required_members(suite):
    add = _schema(suite)
    package, entry = ("package",), ("compatible", 0)
    component = ("components", 1)
    paths = [("format",), ("format_version",), package, ("created",), ("compatible",), ("components",)]
    paths += [(*package, name) for name in ("id", "vendor", "version", "kind", "stage")]
    paths += [(*entry, name) for name in ("vendor", "model")]
    paths += [(*component, name) for name in ("id", "version", "security_version", "size", "sha256", "stored_size",
                                              "encoding", "chunk_size", "tree_root")]
    paths += [(*entry, "hardware", "max"), (*entry, "hardware", "min"), (*component, "hardware", "max"),
              (*component, "hardware", "min"), (*component, "requires", 0, "id"),
              (*component, "requires", 0, "min_security_version"), (*component, "preserve", 0, "offset"),
              (*component, "preserve", 0, "size"), ("sbom", 0, "name"), ("sbom", 0, "format"), ("sbom", 0, "sha256")]
    for path in paths:
        label = ".".join(str(step) for step in path)
        expect = SCHEMA
        if path == ("format_version",):
            expect = [SCHEMA, "manifest_version"]
        add(f"missing-{label}", f"The member {label} is missing.", both(filled, dropper(*path)), expect)


STRINGS = [("format",), ("package", "id"), ("package", "vendor"), ("package", "version"), ("package", "kind"),
           ("package", "stage"), ("created",), ("source", "repository"), ("source", "commit"), ("source", "build"),
           ("compatible", 0, "vendor"), ("compatible", 0, "model"), ("compatible", 0, "serials", 0),
           ("components", 1, "id"), ("components", 1, "version"), ("components", 1, "sha256"),
           ("components", 1, "encoding"), ("components", 1, "tree_root"), ("components", 1, "requires", 0, "id"),
           ("sbom", 0, "name"), ("sbom", 0, "format"), ("sbom", 0, "sha256"), ("critical", 0)]
INTEGERS = [("format_version",), ("compatible", 0, "hardware", "max"), ("compatible", 0, "hardware", "min"),
            ("components", 1, "security_version"), ("components", 1, "size"), ("components", 1, "stored_size"),
            ("components", 1, "chunk_size"), ("components", 1, "hardware", "max"),
            ("components", 1, "hardware", "min"), ("components", 1, "load_address"),
            ("components", 1, "requires", 0, "min_security_version"), ("components", 1, "preserve", 0, "offset"),
            ("components", 1, "preserve", 0, "size")]
OBJECTS = [("package",), ("source",), ("compatible", 0), ("compatible", 0, "hardware"), ("components", 1),
           ("components", 1, "hardware"), ("components", 1, "requires", 0), ("components", 1, "preserve", 0),
           ("sbom", 0)]
ARRAYS = [("compatible",), ("compatible", 0, "serials"), ("components",), ("components", 1, "requires"),
          ("components", 1, "preserve"), ("sbom",), ("critical",)]


def _types(suite):
    add = _schema(suite)
    other_status = {("format_version",): "manifest_version", ("package", "kind"): "manifest_kind",
                    ("package", "stage"): "manifest_stage", ("components", 1, "encoding"): "manifest_encoding"}
    for paths, values in ((STRINGS, (1, True, ["x"], {})), (INTEGERS, ("1", True, [1])), (OBJECTS, ([], "x", 1)),
                          (ARRAYS, ({}, "x", 1, False))):
        for path in paths:
            for value in values:
                label = ".".join(str(step) for step in path)
                kind = {bool: "boolean", int: "number", str: "string", list: "array", dict: "object"}[type(value)]
                expect = [SCHEMA, other_status[path]] if path in other_status else SCHEMA
                add(f"type-{label}-{kind}", f"The member {label} is a {kind}.", both(filled, setter(*path, value)),
                    expect)
    for value, kind in ((1, "number"), ("true", "string"), ([], "array")):
        add(f"type-components.1.metrology-{kind}", f"The member metrology is a {kind}.",
            both(filled, setter("components", 1, "metrology", value)))
    for path in ARRAYS:
        label = ".".join(str(step) for step in path)
        add(f"empty-{label}", f"The array {label} is empty.", both(filled, setter(*path, [])))


BAD_NAMES = {"empty": "", "capital": "Acme", "dot-first": ".acme", "hyphen-first": "-acme", "underscore-first": "_a",
             "space": "ac me", "slash": "ac/me", "umlaut": "\u00e4cme", "newline-less": "acme ", "plus": "a+b"}


def _texts(suite):
    add = _schema(suite)
    names = [("package", "id"), ("package", "vendor"), ("compatible", 0, "vendor"), ("compatible", 0, "model"),
             ("components", 1, "id"), ("components", 1, "requires", 0, "id"), ("sbom", 0, "format")]
    for path in names:
        label = ".".join(str(step) for step in path)
        longest = 32 if path[-1] == "id" and path[0] == "components" else 64
        for kind, value in {**BAD_NAMES, "long": "a" * (longest + 1)}.items():
            add(f"name-{label}-{kind}", f"The name {label} is not one ({kind}).", both(filled, setter(*path, value)))
    for value, label in (("a" * 64, "64"), ("0", "1"), ("9._-a", "all")):
        add(f"name-package.id-{label}-ok", f"package.id is a name of all sorts ({label}).",
            setter("package", "id", value), "ok")
    bounds = [(("package", "version"), 64), (("components", 1, "version"), 64), (("compatible", 0, "serials", 1), 32)]
    for path, high in bounds:
        label = ".".join(str(step) for step in path)
        add(f"text-{label}-empty", f"{label} is empty.", both(filled, setter(*path, "")))
        add(f"text-{label}-long", f"{label} has {high + 1} octets.", both(filled, setter(*path, "x" * (high + 1))))
        if high == 64:
            add(f"text-{label}-octets", f"{label} has {high} characters, but {high + 1} octets.",
                both(filled, setter(*path, "x" * (high - 1) + "\u00e4")))
    for path, high in bounds[:2]:
        label = ".".join(str(step) for step in path)
        add(f"text-{label}-longest", f"{label} has {high} octets.", setter(*path, "x" * high), "ok")
        add(f"text-{label}-utf8", f"{label} has {high} octets of two-octet characters.",
            setter(*path, "\u00e4" * (high // 2)), "ok")
    for name in ("repository", "commit", "build"):
        add(f"text-source.{name}-long", f"source.{name} has 257 octets.", setter("source", {name: "x" * 257}))
        add(f"text-source.{name}-longest", f"source.{name} has 256 octets.", setter("source", {name: "x" * 256}),
            "ok")
        add(f"text-source.{name}-empty", f"source.{name} is empty.", setter("source", {name: ""}), ["ok", SCHEMA])
    add("text-sbom.name-long", "sbom.name has 129 octets.", both(filled, setter("sbom", 0, "name", "x" * 129)))
    add("text-sbom.name-longest", "sbom.name has 128 octets.", both(filled, setter("sbom", 0, "name", "x" * 128)),
        "ok")
    add("text-sbom.name-empty", "sbom.name is empty.", both(filled, setter("sbom", 0, "name", "")), ["ok", SCHEMA])
    for path in (("components", 1, "sha256"), ("components", 1, "tree_root"), ("sbom", 0, "sha256")):
        label = ".".join(str(step) for step in path)
        for kind, value in (("63", "a" * 63), ("65", "a" * 65), ("capital", "A" * 64), ("g", "g" * 64), ("empty", ""),
                            ("prefix", "0x" + "a" * 62), ("space", " " + "a" * 63)):
            add(f"hex-{label}-{kind}", f"{label} is not 64 hexadecimal digits ({kind}).",
                both(filled, setter(*path, value)))


def _numbers(suite):
    add = _schema(suite)
    component = ("components", 1)
    below_31 = 2**31
    for path in (("compatible", 0, "hardware", "max"), (*component, "hardware", "max"), (*component,
                 "security_version"), (*component, "requires", 0, "min_security_version")):
        label = ".".join(str(step) for step in path)
        add(f"number-{label}-2-31", f"{label} is 2^31.", both(filled, setter(*path, below_31)))
    add("number-hardware-largest", "hardware goes up to 2^31 - 1.",
        both(filled, setter("compatible", 0, "hardware", "max", below_31 - 1)), "ok")
    for path in (("compatible", 0, "hardware"), (*component, "hardware")):
        label = ".".join(str(step) for step in path)
        add(f"number-{label}-reversed", f"{label} has min above max.",
            both(filled, setter(*path, {"max": 3, "min": 4})))
        add(f"number-{label}-equal", f"{label} has min equal to max.",
            both(filled, setter(*path, {"max": 3, "min": 3})), "ok")
    for value in (0, 1, 2048, 4095, 4097, 5000, 6144, 12288, 2097152, 2**40):
        add(f"number-chunk_size-{value}", f"chunk_size is {value}.", setter(*component, "chunk_size", value))
    add("number-size-0", "size and stored_size are 0.", both(setter(*component, "size", 0),
                                                            setter(*component, "stored_size", 0)))
    add("number-stored_size-0", "stored_size of a gzip component is 0.",
        both(setter(*component, "encoding", "gzip"), setter(*component, "stored_size", 0)))
    add("number-stored_size-not-size", "stored_size is not size though the encoding is none.",
        setter(*component, "size", 10001))
    huge = 4096 * 2**20
    add("number-leaves-above", "stored_size needs 2^20 + 1 leaves.",
        both(setter(*component, "size", huge + 1), setter(*component, "stored_size", huge + 1)))
    add("number-leaves-limit", "stored_size needs 2^20 leaves: allowed, but the tree is not that of the file.",
        both(setter(*component, "size", huge), setter(*component, "stored_size", huge)), "tree_node")
    add("number-leaves-above-gzip", "stored_size of a gzip component needs more than 2^20 leaves.",
        both(setter(*component, "encoding", "gzip"), setter(*component, "stored_size", 2**53 - 1)))
    add("number-load_address-0", "load_address is 0.", setter(*component, "load_address", 0), "ok")
    add("number-load_address-largest", "load_address is 2^53 - 1.", setter(*component, "load_address", 2**53 - 1),
        "ok")


def _head(suite):
    add = _schema(suite)
    add("format-other", "format is another text.", setter("format", "evseal-manifesto"))
    add("format-capital", "format has a capital.", setter("format", "Evseal-manifest"))
    for value in (0, 2, 2**31):
        add(f"format_version-{value}", f"format_version is {value}.", setter("format_version", value),
            "manifest_version")
    add("format_version-2-bare", "format_version is 2, and the other members are not those of version 1.",
        lambda _: {"format": "evseal-manifest", "format_version": 2, "parts": []},
        ["manifest_version", SCHEMA])
    for value in ("", "Firmware", "trustupdate", "trust_update", "recovery"):
        add(f"kind-{value or 'empty'}", f"package.kind is {value!r}.", setter("package", "kind", value),
            "manifest_kind")
    for value in ("", "production", "Prod", "test"):
        add(f"stage-{value or 'empty'}", f"package.stage is {value!r}.", setter("package", "stage", value),
            "manifest_stage")
    for value in ("", "delta", "None", "zstd", "xz"):
        add(f"encoding-{value or 'empty'}", f"encoding is {value!r}.", setter("components", 1, "encoding", value),
            "manifest_encoding")
    bad = {"date": "2026-02-28", "space": "2026-02-28 09:30:00Z", "offset": "2026-02-28T09:30:00+00:00",
           "fraction": "2026-02-28T09:30:00.5Z", "small-t": "2026-02-28t09:30:00Z", "small-z": "2026-02-28T09:30:00z",
           "no-z": "2026-02-28T09:30:00", "february-30": "2026-02-30T09:30:00Z", "month-13": "2026-13-01T09:30:00Z",
           "month-0": "2026-00-01T09:30:00Z", "day-0": "2026-02-00T09:30:00Z", "hour-24": "2026-02-28T24:00:00Z",
           "minute-60": "2026-02-28T09:60:00Z", "long-year": "12026-02-28T09:30:00Z", "empty": "",
           "february-29": "2026-02-29T09:30:00Z", "digits": "2026-02-2\u0661T09:30:00Z",
           "after": "2026-02-28T09:30:00Zx"}
    for label, value in bad.items():
        add(f"created-{label}", f"created is {value!r}.", setter("created", value))
    add("created-second-60", "created has second 60.", setter("created", "2026-02-28T09:30:60Z"), [SCHEMA, "ok"])
    add("created-year-0", "created is in the year 0000.", setter("created", "0000-02-28T09:30:00Z"), [SCHEMA, "ok"])
    for label, value in (("1970", "1970-01-01T00:00:00Z"), ("leap", "2024-02-29T23:59:59Z"),
                         ("9999", "9999-12-31T23:59:59Z"), ("after-signing", "2027-01-01T00:00:00Z")):
        add(f"created-{label}", f"created is {value}.", setter("created", value), "ok")
    add("created-1960", "created is before 1970.", setter("created", "1960-01-01T00:00:00Z"), ["ok", SCHEMA])


def _compatible(suite):
    add = _schema(suite)
    entry = {"vendor": pack.VENDOR, "model": pack.MODEL}
    add("compatible-32", "compatible has 32 entries.", setter("compatible", [entry] * 32), "ok")
    add("compatible-33", "compatible has 33 entries.", setter("compatible", [entry] * 33))
    def serials(case_id, what, values, expect=SCHEMA):
        add(f"serials-{case_id}", what, setter("compatible", 0, "serials", values), expect)
    serials("unsorted", "serials are not in order.", ["CP-0042", "CP-0041"])
    serials("twice", "A serial number stands twice.", ["CP-0042", "CP-0042"])
    serials("64", "There are 64 serials.", [f"CP-{at:04}" for at in range(64)], "ok")
    serials("65", "There are 65 serials.", [f"CP-{at:04}" for at in range(65)])
    serials("longest", "A serial number has 32 octets.", ["CP-0042", "D" * 32], "ok")
    serials("prefix-order", "A serial number is a prefix of the next.", ["CP-004", "CP-0042"], "ok")
    serials("prefix-unsorted", "A serial number is a prefix of the one before.", ["CP-0042", "CP-004"])
    serials("ascii", "Serial numbers have the first and the last characters that they may have.",
            ["!#$%&'()*+,-./", ":;<=>?@", "CP-0042", "[]^_`{|}~"], "ok")
    for label, value in (("space", "CP 0043"), ("quote", 'CP"0043'), ("backslash", "CP\\0043"),
                         ("umlaut", "CP\u00e40043"), ("no-break-space", "CP\u00a00043")):
        serials(label, f"A serial number has a character that it may not have ({label}).", sorted(["CP-0042", value]))


def _components(suite):
    add = _schema(suite)
    one = pack.standard_components()[0].entry()
    def many(count):
        return [{**one, "id": f"part-{at:02}"} for at in range(count)]
    add("components-33", "There are 33 components.", setter("components", many(33)))
    add("components-twice", "Two components have the same id.", setter("components", 2, "id", "boot"))
    add("components-32", "There are 32 components, more than the device's limit.", setter("components", many(32)),
        "limit_components")
    add("component-id-32", "A component id has 32 characters, which no device here has.",
        setter("components", 2, "id", "m" * 32), "component_unknown")


def _requires_and_preserve(suite):
    add = _schema(suite)
    def requires(case_id, what, values, expect=SCHEMA):
        add(f"requires-{case_id}", what, setter("components", 1, "requires", values), expect)
    def need(name, version=0):
        return {"id": name, "min_security_version": version}
    requires("unsorted", "requires is not in order.", [need("modem"), need("boot")])
    requires("twice", "requires names a component twice.", [need("boot", 1), need("boot", 2)])
    requires("9", "requires has nine entries.", [need(f"part-{at}") for at in range(9)])
    requires("8-unknown", "requires has eight entries, which the device lacks.",
             [need(f"part-{at}") for at in range(8)], "requirement_unmet")
    def preserve(case_id, what, values, expect=SCHEMA):
        ranges = [{"offset": offset, "size": size} for offset, size in values]
        add(f"preserve-{case_id}", what, setter("components", 1, "preserve", ranges), expect)
    preserve("whole", "preserve is the whole image.", [(0, 10000)], "ok")
    preserve("adjacent", "Two ranges of preserve touch.", [(0, 10), (10, 10)], "ok")
    preserve("4", "preserve has four ranges.", [(at * 100, 50) for at in range(4)], "ok")
    preserve("5", "preserve has five ranges.", [(at * 100, 50) for at in range(5)])
    preserve("overlap", "Two ranges of preserve overlap.", [(0, 11), (10, 10)])
    preserve("same", "preserve has the same range twice.", [(0, 10), (0, 10)])
    preserve("unsorted", "The ranges of preserve are not in order.", [(100, 10), (0, 10)])
    preserve("beyond", "preserve ends one octet beyond the image.", [(9000, 1001)])
    preserve("outside", "preserve begins beyond the image.", [(10000, 1)])
    preserve("overflow", "preserve ends beyond 2^53.", [(2**53 - 1, 2**53 - 1)])
    preserve("size-0", "A range of preserve has size 0.", [(0, 0)])
    preserve("last-octet", "preserve is the last octet.", [(9999, 1)], "ok")


def _documents(suite):
    add = _schema(suite)
    entry = OPTIONAL_FILLED["sbom"][0]
    add("sbom-8", "sbom has eight entries.", setter("sbom", [entry] * 8), "ok")
    add("sbom-9", "sbom has nine entries.", setter("sbom", [entry] * 9))
    add("source-empty", "source is an empty object.", setter("source", {}), "ok")
    add("source-one", "source has a commit only.", setter("source", {"commit": "0" * 40}), "ok")
    def crls(case_id, what, values, expect=SCHEMA, **more):
        add(f"crls-{case_id}", what, setter("crls", values), expect, **more)
    def number(digit, value=1):
        return {"issuer_key": digit * 64, "number": value}
    crls("one", "crls names one issuer.", [number("a")], "ok")
    crls("eight", "crls names eight issuers.", [number(digit) for digit in "01234567"], "ok")
    crls("nine", "crls names nine issuers.", [number(digit) for digit in "012345678"])
    crls("empty", "crls is empty.", [])
    crls("unsorted", "crls is not in order.", [number("b"), number("a")])
    crls("twice", "crls names an issuer twice.", [number("a"), number("a", 2)])
    crls("short-key", "issuer_key has 63 digits.", [{"issuer_key": "a" * 63, "number": 1}])
    crls("no-number", "number is missing.", [{"issuer_key": "a" * 64}])
    crls("number-text", "number is text.", [{"issuer_key": "a" * 64, "number": "1"}])
    crls("object", "crls is an object.", {})


def _critical(suite):
    def add(case_id, what, value, expect="manifest_critical", edit=None, **more):
        change = setter("critical", value)
        suite.add(f"critical.{case_id}", what, expect, edit=both(edit, change) if edit else change, **more)
    add("known", "critical names members that stand in the manifest.", ["components", "format", "package"], "ok")
    add("known-inner", "critical names members of a component.", ["chunk_size", "tree_root"], "ok")
    add("known-absent", "critical names a known member that is not there.", ["sbom"], "ok")
    add("known-inner-absent", "critical names known inner members that are not there.", ["load_address", "metrology"],
        "ok")
    add("itself", "critical names itself.", ["critical"], "ok")
    add("unknown-present", "critical names an unknown member that is there.", ["zz_new"],
        edit=setter("zz_new", 1))
    add("unknown-absent", "critical names an unknown member that is not there.", ["zz_new"])
    add("unknown-inner", "critical names an unknown member of a component.", ["zz_new"],
        edit=setter("components", 0, "zz_new", True))
    add("known-and-unknown", "critical names a known and an unknown member.", ["components", "zz_new"])
    add("vendor-value", "critical names a value, not a member.", ["firmware"])
    for name in ("epoch", "trust", "resets", "security_versions", "time_floor", "recovery", "crls", "issuer_key",
                 "number"):
        add(f"absent-{name}", f"critical names {name}, which is not there.", [name], "ok")
    for name in ("anchors_add", "threshold", "roles"):
        add(f"no-member-{name}", f"critical names {name}, which no manifest has.", [name])
    for label, value in (("unsorted", ["package", "format"]), ("twice", ["format", "format"]),
                         ("capital", ["Format"]), ("hyphen", ["a-b"]), ("empty-name", [""]), ("long", ["z" * 33]),
                         ("33", [f"m_{at:02}" for at in range(33)])):
        add(f"{label}", f"critical breaks its form ({label}).", value, SCHEMA)
    add("32-unknown", "critical names 32 unknown members.", [f"m_{at:02}" for at in range(32)])


def _unknown_members(suite):
    places = {"top": (), "package": ("package",), "source": ("source",), "compatible": ("compatible", 0),
              "hardware": ("compatible", 0, "hardware"), "component": ("components", 1),
              "component-hardware": ("components", 1, "hardware"), "requires": ("components", 1, "requires", 0),
              "preserve": ("components", 1, "preserve", 0), "sbom": ("sbom", 0)}
    for label, path in places.items():
        for kind, value in (("number", 7), ("text", "\u00e4"), ("deep", {"a": [{"b": True}]})):
            depth = sum(1 for _ in path) + 1
            if kind == "deep" and depth > 3:
                continue
            suite.add(f"unknown-member.{label}-{kind}", f"An unknown member in {label} is ignored ({kind}).", "ok",
                      edit=both(filled, setter(*path, "zz_new", value)))
    for name in ("epoch", "trust", "resets", "recovery"):
        suite.add(f"unknown-member.firmware-{name}", f"A firmware package has {name}, a member of trust-updates.",
                  "ok", edit=setter(name, "nonsense"))


def _positive(suite):
    suite.add("manifest.filled", "Every optional member but crls is there.", "ok", edit=filled)
    for kind in ("p384", "rsa3072", "ed25519"):
        suite.add(f"manifest.filled-{kind}", f"The same, signed with {kind}.", "ok", kind=kind, edit=filled)
    suite.add("manifest.filled-profile", "The same on a device that scopes all of it.", "ok", edit=filled,
              profile=profile_for(role={"models": (pack.MODEL,), "components": ("app", "boot", "modem"),
                                        "stages": 4}, stages=4))
