"""What evseal writes, other people's tools read: OpenSSL, jq, sha256sum, gzip, objcopy, Python."""

import hashlib
import json
import random
import unittest

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

import support
from package_bytes import Package, read_components

VERSION = 'Größe "2.4.1" \\ ☃'

# OIDs by the hexadecimal content of their DER, as docs/format.md §3 and §4 name them.
CONTENT_TYPE = "2a864886f70d010903"
MESSAGE_DIGEST = "2a864886f70d010904"
SIGNING_CERTIFICATE = "2a864886f70d010910022f"

SHA256 = "300b0609608648016503040201"
PSS = ("304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
       "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120")
ALGORITHMS = {  # key type: digest, digestAlgorithm and signatureAlgorithm of §3
    "p256": ("sha256", SHA256, "300a06082a8648ce3d040302"),
    "p384": ("sha384", "300b0609608648016503040202", "300a06082a8648ce3d040303"),
    "rsa2048": ("sha256", SHA256, PSS),
    "rsa3072": ("sha256", SHA256, PSS),
    "ed25519": ("sha512", "300b0609608648016503040203", "300506032b6570"),
}

ORDERS = {
    "p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "p384": int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
}


def verify_signature(key_type, key, signature, message):
    """Raises InvalidSignature unless the signature holds, by the `cryptography` library."""
    if key_type == "ed25519":
        key.verify(signature, message)
    elif key_type.startswith("rsa"):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
        key.verify(signature, message, pss, hashes.SHA256())
    else:
        digest = hashes.SHA256() if key_type == "p256" else hashes.SHA384()
        key.verify(signature, message, ec.ECDSA(digest))


def intel_hex(start, data):
    """Intel HEX with 32 octets a line and extended linear addresses."""
    def line(kind, offset, octets):
        body = bytes([len(octets), offset >> 8, offset & 0xFF, kind]) + octets
        return ":" + (body + bytes([-sum(body) & 0xFF])).hex().upper() + "\n"

    out, upper = [], None
    for at in range(start, start + len(data), 32):
        if at >> 16 != upper:
            upper = at >> 16
            out.append(line(4, 0, upper.to_bytes(2, "big")))
        out.append(line(0, at & 0xFFFF, data[at - start:at - start + 32]))
    return "".join(out) + line(1, 0, b"")


class Signer:
    """The tests for one type of key; the classes below give the type."""

    key_type = ""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        if cls.key_type == "ed25519":
            lab.forgive_leaks()
        lab.token()
        cls.pki = lab.pki(key_type=cls.key_type)
        random_octets = random.Random(1).randbytes
        cls.images = {"rootfs": random_octets(50_000), "kernel": b"text and more " * 4000,
                      "safety": random_octets(70_000)}
        hex_file = {"file": "safety.hex", "load_address": 0x8000000}
        lab.write("safety.hex", intel_hex(0x8000000, cls.images["safety"]))
        recipe = lab.recipe(
            components=[("rootfs", cls.images["rootfs"], {"version": VERSION}),
                        ("kernel", cls.images["kernel"], {"encoding": "gzip"}),
                        ("safety", b"", hex_file)],
            package={"id": "acme-ac22", "version": VERSION, "stage": "dev"})
        cls.file = lab.sign(recipe, "fw.evs")
        cls.package = Package.read(cls.file)
        cls.manifest = json.loads(cls.package.manifest)

    def test_manifest_show_raw_gives_the_manifest_byte_for_byte(self):
        shown = self.lab.must("manifest", "show", "--raw", self.file).out
        self.assertEqual(shown, self.package.manifest)

    def test_jq_reads_the_manifest_and_agrees_on_versions(self):
        def jq(expression):
            return self.lab.tool("jq", "-r", expression, input=self.package.manifest).decode()

        self.assertEqual(jq(".package.version"), VERSION + "\n")
        self.assertEqual(jq(".components[].version"), VERSION + "\n1.0\n1.0\n")
        self.assertEqual(jq(".components[].security_version"), "7\n7\n7\n")
        self.assertEqual(jq(".components[].id"), "rootfs\nkernel\nsafety\n")

    def test_jq_writes_the_manifest_back_as_the_same_canonical_bytes(self):
        again = self.lab.tool("jq", "-cS", ".", input=self.package.manifest)
        self.assertEqual(again, self.package.manifest + b"\n")

    def test_sha256sum_of_extracted_images_matches_manifest_and_originals(self):
        folder = self.lab.path("images")
        self.lab.must("extract", self.file, "--device", self.pki / "device.json",
                      "--hardware", "3", "-d", folder)
        sums = "".join(f"{component['sha256']}  {component['id']}.img\n"
                       for component in self.manifest["components"])
        checked = self.lab.tool("sha256sum", "-c", "--strict", "-", input=sums.encode(),
                                cwd=folder).decode()
        self.assertEqual(checked.count(": OK\n"), 3, checked)
        for id_, image in self.images.items():
            self.assertEqual((folder / f"{id_}.img").read_bytes(), image, id_)

    def test_payload_read_by_the_specification_gives_the_original_images(self):
        stored = read_components(self.package.payload, self.manifest)
        self.assertEqual(stored["rootfs"], self.images["rootfs"])
        self.assertEqual(stored["safety"], self.images["safety"])
        self.assertEqual(self.lab.tool("gzip", "-dc", input=stored["kernel"]),
                         self.images["kernel"])

    def test_openssl_accepts_the_chain_with_its_strict_rules(self):
        answer = self.lab.tool("openssl", "verify", "-x509_strict", "-CAfile",
                               self.pki / "root.pem", "-untrusted", self.pki / "intermediate.pem",
                               self.pki / "firmware.pem")
        self.assertIn(b"firmware.pem: OK", answer)

    def test_envelope_holds_the_issued_certificates_and_no_root(self):
        issued = {self.lab.tool("openssl", "x509", "-in", self.pki / name, "-outform", "DER")
                  for name in ("firmware.pem", "intermediate.pem")}
        self.assertEqual(set(self.package.certificates), issued)

    def test_signature_holds_by_python_cryptography_over_the_retagged_attributes(self):
        (signer,) = self.package.signer_infos
        key = x509.load_pem_x509_certificate((self.pki / "firmware.pem").read_bytes()).public_key()
        verify_signature(self.key_type, key, signer.signature, signer.signed_octets)
        with self.assertRaises(InvalidSignature):
            verify_signature(self.key_type, key, signer.signature, signer.signed_octets + b"\0")

    def test_signed_attributes_name_the_manifest_and_the_leaf(self):
        (signer,) = self.package.signer_infos
        digest = ALGORITHMS[self.key_type][0]
        self.assertEqual(signer.attribute(MESSAGE_DIGEST).content,
                         hashlib.new(digest, self.package.manifest).digest())
        leaf = self.lab.tool("openssl", "x509", "-in", self.pki / "firmware.pem",
                             "-outform", "DER")
        listed = signer.attribute(SIGNING_CERTIFICATE).children[0].children
        self.assertEqual(listed[0].children[0].content, hashlib.sha256(leaf).digest())
        self.assertEqual(signer.attribute(CONTENT_TYPE).encoded,
                         self.package.signed_data[2].children[0].encoded)

    def test_algorithm_identifiers_are_the_bytes_of_the_specification(self):
        (signer,) = self.package.signer_infos
        self.assertEqual((signer.digest_algorithm.hex(), signer.signature_algorithm.hex()),
                         ALGORITHMS[self.key_type][1:])

    def test_identity_is_the_sha256_of_the_manifest(self):
        shown = self.lab.must("inspect", self.file, "--json").json
        self.assertEqual(shown["identity"], hashlib.sha256(self.package.manifest).hexdigest())


class OpensslCms:
    """OpenSSL 3.0 verifies CMS of ECDSA and RSA signers, not of Ed25519 ones."""

    def openssl_cms(self, *more):
        return self.lab.run("openssl", "cms", "-verify", "-inform", "DER", "-purpose", "any",
                            *more, input=self.package.envelope)

    def test_openssl_cms_verify_gives_the_manifest_byte_for_byte(self):
        answer = self.openssl_cms("-CAfile", self.pki / "root.pem")
        self.assert_code(answer, 0)
        self.assertEqual(answer.out, self.package.manifest)

    def test_openssl_cms_verify_wants_the_right_root(self):
        other = self.lab.pki("other", key_type="p256")
        self.assertNotEqual(self.openssl_cms("-CAfile", other / "root.pem").code, 0)


class Ecdsa:
    def test_signatures_are_normalised(self):
        unsigned = self.lab.path("unsigned.evs")
        self.lab.must("build", self.lab.recipe("small.json"), "-o", unsigned)
        for i in range(8):  # half of all signatures would be low by chance
            (signer,) = Package.read(self.lab.sign(unsigned, f"low-{i}.evs")).signer_infos
            _, s = utils.decode_dss_signature(signer.signature)
            self.assertLessEqual(s, ORDERS[self.key_type] // 2)


class P256(Signer, OpensslCms, Ecdsa, support.LabTestCase):
    key_type = "p256"

    def test_objcopy_makes_the_same_image_of_the_intel_hex_file(self):
        binary = self.lab.path("safety.bin")
        self.lab.tool("objcopy", "-I", "ihex", "-O", "binary", "--gap-fill", "0xFF",
                      self.lab.path("safety.hex"), binary)
        stored = read_components(self.package.payload, self.manifest)
        self.assertEqual(stored["safety"], binary.read_bytes())


class P384(Signer, OpensslCms, Ecdsa, support.LabTestCase):
    key_type = "p384"


class Rsa2048(Signer, OpensslCms, support.LabTestCase):
    key_type = "rsa2048"


class Rsa3072(Signer, OpensslCms, support.LabTestCase):
    key_type = "rsa3072"


class Ed25519(Signer, support.LabTestCase):
    key_type = "ed25519"


if __name__ == "__main__":
    support.main()
