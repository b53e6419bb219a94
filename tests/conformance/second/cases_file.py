"""Cases of format.md section 2, the package file, and of section 8, the payload."""

import gzip

import gen_package as pack
import gen_pki as pki
from gen_suite import flip, profile_for, setter

MAGIC = pack.MAGIC


def add_cases(suite):
    """All cases of this module."""
    _positive(suite)
    _header(suite)
    _truncated(suite)
    _padding(suite)
    _masks(suite)
    _trees(suite)
    _tampered(suite)
    _gzip(suite)


def _positive(suite):
    for kind in pki.KINDS:
        suite.add(f"ok.{kind}", f"A plain package signed with {kind}.", "ok", kind=kind)
        suite.add(f"ok.{kind}-flipped-signature", f"One bit of the {kind} signature is flipped.",
                  ["signature_invalid", "signature_range", "signature_high_s", "signature_encoding"], kind=kind,
                  signer={"edit_signature": flip(-1)})
    leaf = pki.key("rsa2048:leaf")
    for label, parameters in (("plain", b""), ("restricted", pki.pss_parameters("sha256"))):
        chain = pki.standard_chain("rsa2048").leaf(key=leaf.with_spki(pki.pss_spki(leaf, parameters)))
        suite.add(f"ok.rsa-pss-key-{label}", f"The leaf's key is id-RSASSA-PSS, {label}.", "ok", kind="rsa2048",
                  chain=chain)
    for size in (2049, 4096):
        chain = pki.standard_chain("rsa2048").leaf(key=pki.key(f"rsa{size}:leaf"))
        suite.add(f"ok.rsa-{size}-bits", f"The leaf's RSA key has {size:,} bits.", "ok", kind="rsa2048", chain=chain)
    direct = pki.standard_chain("p256", intermediates=0)
    suite.add("ok.no-intermediate", "The leaf was issued by the anchor itself.", "ok", chain=direct)
    for kind in ("p256", "ed25519"):
        suite.add(f"ok.four-intermediates-{kind}", "The path has four intermediates.", "ok", kind=kind,
                  chain=pki.standard_chain(kind, intermediates=4))


def _header(suite):
    def add(case_id, what, expect, **file):
        suite.add(f"file.{case_id}", what, expect, file=file)
    for at in (0, 1, 2, 3, 5, 6, 7):
        add(f"magic-{at}", f"Octet {at} of the magic is wrong.", "file_magic", magic=flip(at)(MAGIC))
    add("magic-4", "Only octet 4 of the magic differs.", "file_version", magic=MAGIC[:4] + b"2" + MAGIC[5:])
    add("magic-4-and-7", "Octets 4 and 7 of the magic differ.", "file_magic", magic=MAGIC[:4] + b"2\r\n\x1b")
    add("magic-profile", "The magic is that of a device profile.", "file_magic", magic=b"\x89EVD1\r\n\x1a")
    add("magic-lf", "A text transfer turned CR LF into LF.", "file_magic", edit=lambda w: w[:5] + w[6:])
    add("length-0", "The envelope length is 0.", "envelope_length", length=0)
    add("length-max", "The envelope length is 2^32 - 1.", "envelope_length", length=0xFFFFFFFF)
    add("length-65537", "The envelope length is above the format's own limit.", "envelope_length", length=65537)
    add("length-above-device", "The envelope length is one above the device's limit; the file is shorter.",
        "envelope_length", length=16385)
    add("length-less", "The envelope length is one too small.", "der_encoding",
        edit=lambda w: w[:8] + (int.from_bytes(w[8:12], "big") - 1).to_bytes(4, "big") + w[12:])
    add("length-more", "The envelope length is one too large: a zero octet of the padding follows the ContentInfo.",
        "der_encoding", edit=lambda w: w[:8] + (int.from_bytes(w[8:12], "big") + 1).to_bytes(4, "big") + w[12:])
    package = pack.make()
    size = int.from_bytes(package[8:12], "big")
    suite.add("file.length-at-limit", "The envelope is exactly as large as the device allows.", "ok", package=package,
              profile=profile_for(envelope_bytes=size))
    suite.add("file.length-over-limit", "The envelope is one octet larger than the device allows.", "envelope_length",
              package=package, profile=profile_for(envelope_bytes=size - 1))
    suite.add("file.large-envelope", "An envelope of more than 32 KiB on a device that allows 65,536.", "ok",
              profile=profile_for(envelope_bytes=65536), edit=setter("pad", "x" * 40000))
    suite.add("file.large-manifest", "The same envelope on a device that allows 16,384.", "envelope_length",
              edit=setter("pad", "x" * 40000))


def _truncated(suite):
    package = pack.make()
    size = int.from_bytes(package[8:12], "big")
    start = -(-(16 + size) // 4096) * 4096
    places = [(8, "after the magic"), (11, "in the length"), (15, "in the mask"), (16, "after the header"),
              (17, "after one octet of the envelope"), (16 + size - 1, "before the last octet of the envelope"),
              (16 + size, "after the envelope"), (16 + size + 1, "in the padding"), (start - 1, "in the padding"),
              (start, "after the padding"), (start + 1, "in the first chunk"), (start + 2999, "in the first component"),
              (start + 3000, "after the first component"), (start + 3000 + 32, "in a tree node"),
              (start + 3000 + 64, "after a tree node"), (start + 3000 + 128 + 4096, "after a chunk"),
              (len(package) - 1, "before the last octet")]
    for at, place in places:
        suite.add(f"file.truncated-{places.index((at, place)):02}", f"The file ends {place}.", "truncated",
                  package=package[:at])
    suite.add("file.empty", "The file is empty.", ["truncated", "file_magic"], package=b"")
    suite.add("file.short-magic", "The file ends within the magic.", ["truncated", "file_magic"], package=package[:7])
    suite.add("file.short-other", "A file of three octets that are not the magic.", ["file_magic", "truncated"],
              package=b"MZ\0")
    suite.add("file.trailing-zero", "A zero octet follows the last component.", "trailing_data",
              package=package + b"\0")
    suite.add("file.trailing-block", "A block of 4,096 octets follows the last component.", "trailing_data",
              package=package + b"\xff" * 4096)


def package_of_length(residue):
    """A package with 16 + L = residue modulo 4096; Ed25519, whose signatures are all of one length."""
    pad = 1
    for _ in range(8):
        package = pack.make(kind="ed25519", edit=setter("pad", "x" * pad))
        excess = (16 + int.from_bytes(package[8:12], "big") - residue) % 4096
        if excess == 0:
            return package
        pad = pad + 4096 - excess if pad <= excess else pad - excess
    raise RuntimeError("no such length")


def _padding(suite):
    suite.add("padding.none", "The envelope ends at a multiple of 4096: no padding.", "ok", kind="ed25519",
              package=package_of_length(0))
    suite.add("padding.longest", "The envelope ends one octet after a multiple of 4096: 4,095 octets of padding.",
              "ok", kind="ed25519", package=package_of_length(1))
    suite.add("padding.one", "One octet of padding.", "ok", kind="ed25519", package=package_of_length(4095))
    suite.add("padding.first", "The first padding octet is not zero.", "padding", file={"padding": flip(0, 7)})
    suite.add("padding.last", "The last padding octet is not zero.", "padding", file={"padding": flip(-1)})
    suite.add("padding.middle", "A padding octet in the middle is not zero.", "padding", file={"padding": flip(99)})
    suite.add("padding.one-wrong", "The only octet of padding is not zero.", "padding", kind="ed25519",
              package=flip(4095)(package_of_length(4095)))
    suite.add("padding.block-more", "A whole block of zero octets too many before the payload.", "chunk_digest",
              file={"padding": lambda zeros: zeros + bytes(4096)})


def _masks(suite):
    def add(case_id, what, expect, mask, present=None, **more):
        suite.add(f"mask.{case_id}", what, expect, mask=mask if present is None else present,
                  file={"mask": mask, **more.pop("file", {})}, **more)
    add("only-app", "A slice with the second of three components.", "ok", 0b010)
    add("app-boot", "A slice without the last component.", "ok", 0b011)
    add("app-modem", "A slice without the first component.", "ok", 0b110)
    add("without-needed", "A slice without the component that the device needs.", "component_absent", 0b001)
    add("without-needed-2", "A slice with both components that the device does not need.", "component_absent", 0b101)
    add("all-named", "The mask names all components.", "component_mask", 0b111)
    add("bit-above", "The mask has a bit at the number of components.", "component_mask", 0b1010, present=0b010)
    add("bit-31", "The mask has bit 31 set.", "component_mask", 1 << 31 | 0b010, present=0b010)
    add("all-bits", "The mask is 2^32 - 1.", "component_mask", 0xFFFFFFFF, present=0)
    add("full-file", "The mask leaves the first component out, but the file carries it.", "tree_node", 0b110,
        present=0)
    add("last-carried", "The mask leaves the last component out, but the file carries it.", "trailing_data", 0b011,
        present=0)
    add("missing-payload", "The mask is 0, but the file lacks the last component.", "truncated", 0, present=0b011)
    one = [pack.Component("app", pack.image_octets("app", 5000), 7)]
    add("single-named", "The mask names the only component.", "component_mask", 1, present=0, components=one)
    many = [pack.Component(f"part-{at}", pack.image_octets(at, 10), 1) for at in range(32)]
    slots = tuple((f"part-{at}", at in (0, 31), 0) for at in range(32))
    profile = profile_for(max_components=32, slots=slots)
    add("32-components", "A package with 32 components.", "ok", 0, components=many, profile=profile)
    add("32-slice", "A slice with bits 0 and 31 of 32 components.", "ok", 0x80000001, components=many,
        profile=profile)
    add("32-all", "The mask names all of 32 components.", "component_mask", 0xFFFFFFFF, present=0, components=many,
        profile=profile)
    add("32-absent", "A slice of 32 components without the needed component 31.", "component_absent", 0x7FFFFFFF,
        components=many, profile=profile)


LEAVES = (1, 2, 3, 4, 5, 7, 8, 9)


def _app(leaves, last, chunk_size=4096):
    image = pack.image_octets(f"app{leaves}", (leaves - 1) * chunk_size + last)
    return pack.Component("app", image, 7, chunk_size=chunk_size)


def _trees(suite):
    for leaves in LEAVES:
        for last in (1, 4095, 4096):
            suite.add(f"tree.{leaves}-leaves-{last}", f"A component of {leaves} leaves, the last of {last} octets.",
                      "ok", components=[_app(leaves, last)])
    for exponent in range(12, 21):
        suite.add(f"tree.chunk-{1 << exponent}", f"Two leaves with chunk_size {1 << exponent}.", "ok",
                  profile=profile_for(chunk_bytes=1048576), components=[_app(2, 17, 1 << exponent)])
    several = [pack.Component("boot", pack.image_octets("b", 5 * 4096), 3),
               pack.Component("app", pack.image_octets("a", 8 * 8192 + 1), 7, chunk_size=8192),
               pack.Component("modem", pack.image_octets("m", 1), 1, chunk_size=65536),
               pack.Component("meter", pack.image_octets("n", 3 * 16384 - 1), 0, chunk_size=16384)]
    suite.add("tree.several", "Four components with different chunk sizes and 5, 9, 1 and 3 leaves.", "ok",
              components=several)
    suite.add("tree.sha256-not-needed", "The manifest's sha256 of an image is wrong: nobody needs it to accept.", "ok",
              edit=setter("components", 1, "sha256", "00" * 32))
    suite.add("tree.root-wrong", "tree_root of a component with three leaves is wrong.", "tree_node",
              edit=setter("components", 1, "tree_root", "00" * 32))
    suite.add("tree.root-wrong-1", "tree_root of a component with one leaf is wrong.", "chunk_digest",
              edit=setter("components", 0, "tree_root", "00" * 32))


def preorder(leaves, chunk_size=4096, last=4096):
    """The parts of one component in file order: (kind, offset, size)."""
    parts = []
    def walk(count, at, is_last):
        if count == 1:
            parts.append(("chunk", at, last if is_last else chunk_size))
            return at + parts[-1][2]
        parts.append(("node", at, 64))
        k = 1
        while 2 * k < count:
            k *= 2
        return walk(count - k, walk(k, at + 64, False), is_last)
    walk(leaves, 0, True)
    return parts


def _tampered(suite):
    for leaves in (1, 2, 3, 5, 8, 9):
        for number, (what, at, size) in enumerate(preorder(leaves, last=100)):
            status = "tree_node" if what == "node" else "chunk_digest"
            for label, place in (("first", at), ("last", at + size - 1)):
                suite.add(f"tamper.{leaves}-leaves-{number:02}-{what}-{label}",
                          f"The {label} octet of part {number} ({what}) of a tree with {leaves} leaves is changed.",
                          status, components=[_app(leaves, 100)], file={"edit_payload": flip(place)})
    swapped = [pack.Component("app", pack.image_octets("s", 3 * 4096), 7)]
    suite.add("tamper.swapped-chunks", "The first two chunks of a component change places.", "chunk_digest",
              components=swapped,
              file={"edit_payload": lambda p: p[:128] + p[128 + 4096:128 + 8192] + p[128:128 + 4096] + p[128 + 8192:]})
    suite.add("tamper.swapped-hashes", "The two hashes of a node change places.", "tree_node", components=swapped,
              file={"edit_payload": lambda p: p[32:64] + p[:32] + p[64:]})
    suite.add("tamper.swapped-components", "The payloads of two components change places.", "chunk_digest",
              file={"edit_payload": lambda p: p[3000:] + p[:3000]})
    suite.add("tamper.bottom-up", "The chunks stand before the nodes.", "tree_node", components=swapped,
              file={"edit_payload": lambda p: p[128:] + p[:128]})
    flat = pack.Component("app", pack.image_octets("t", 3 * 4096), 7)
    flat.encoded = lambda: (pack.tree(tuple(flat.image[at:at + 4096] for at in (0, 4096, 8192)))[0], flat.image)
    suite.add("tamper.no-nodes", "The payload has no tree nodes.", "tree_node", components=[flat])


def _gzip(suite):
    image = pack.image_octets("zip", 700) * 40
    def component(**changes):
        return pack.Component("app", image, 7, encoding="gzip", **changes)
    suite.add("gzip.plain", "A component stored with gzip.", "ok", components=[component()])
    suite.add("gzip.large", "A component stored with gzip, in several chunks.", "ok", components=[
        pack.Component("app", pack.image_octets("zip", 20000) * 2, 7, encoding="gzip")])
    packed = gzip.compress(image, 9, mtime=0)
    for label, stored, what in (
            ("two-members", packed + gzip.compress(b"more", 9, mtime=0), "a second member follows"),
            ("trailing", packed + b"\0", "an octet follows the member"),
            ("other-image", gzip.compress(image[:-1] + b"!", 9, mtime=0), "it inflates to another image"),
            ("short", gzip.compress(image[:-1], 9, mtime=0), "it inflates to one octet less than size"),
            ("long", gzip.compress(image + b"!", 9, mtime=0), "it inflates to one octet more than size"),
            ("not-gzip", b"no gzip at all", "the stored octets are not gzip")):
        suite.add(f"gzip.{label}", f"A gzip component whose tree holds, but {what}: who does not inflate accepts.",
                  ["ok", "inflate"], components=[component(stored=stored)])
    suite.add("gzip.flipped", "An octet of the stored gzip member is changed.", "chunk_digest",
              components=[component()], file={"edit_payload": flip(20)})
    suite.add("gzip.size-is-image", "stored_size is size, not the octets as stored: the file is too short.",
              ["truncated", "tree_node", "chunk_digest"], components=[component()],
              edit=setter("components", 0, "stored_size", len(image)))
