"""Certificates made by OpenSSL alone, with any dates: evseal itself issues from now on only."""

import pathlib

ARC = "2.25.16969548012417228313490157624141281090.2"
POLICIES = {"dev": f"{ARC}.1", "pilot": f"{ARC}.2", "prod": f"{ARC}.3"}

CONFIG = """
[ca]
default_ca = it
[it]
new_certs_dir = {folder}
database = {folder}/index.txt
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = {policy}
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = {policy}
"""


class OpensslPki:
    """Root, intermediate and leaf with keys in files, and the signer file that names them."""

    def __init__(self, lab, name, stage="dev"):
        self.lab, self.name = lab, name
        self.folder = lab.path(name)
        self.folder.mkdir()
        (self.folder / "index.txt").touch()
        config = CONFIG.format(folder=self.folder, policy=POLICIES[stage])
        (self.folder / "ca.conf").write_text(config)

    def file(self, name):
        return self.folder / name

    def certificate(self, tier, issuer, begin, end):
        """Makes a P-256 key and its certificate; the issuer of a root is itself."""
        key, request = self.file(f"{tier}.key"), self.file(f"{tier}.csr")
        self.lab.tool("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-out", key)
        self.lab.tool("openssl", "req", "-new", "-key", key, "-subj", f"/CN={self.name} {tier}",
                      "-config", self.file("ca.conf"), "-out", request)
        how = ["-selfsign", "-keyfile", key] if tier == issuer else \
            ["-cert", self.file(f"{issuer}.pem"), "-keyfile", self.file(f"{issuer}.key")]
        self.lab.tool("openssl", "ca", "-batch", "-notext", "-config", self.file("ca.conf"),
                      "-extensions", tier, "-in", request, "-startdate", begin, "-enddate", end,
                      "-out", self.file(f"{tier}.pem"), *how)
        return self.file(f"{tier}.pem")

    def chain(self, begin="20200101000000Z", end="20450101000000Z", leaf=None):
        """All three tiers; `leaf` gives other dates for the leaf. Returns the signer file."""
        self.certificate("root", "root", begin, end)
        self.certificate("intermediate", "root", begin, end)
        self.certificate("leaf", "intermediate", *(leaf or (begin, end)))
        device = self.profile()
        self.lab.write(f"{self.name}/device.json", device)
        return self.lab.write(f"{self.name}/signer.json", {
            "signer": 1, "key": "file:leaf.key", "certificate": "leaf.pem",
            "chain": ["intermediate.pem"], "devices": ["device.json"]})

    def profile(self, **changes):
        """The device profile that trusts the root."""
        return {"device": 1, "vendor": "acme", "model": "ac22", "stages": ["dev"],
                "clock": "untrusted", "components": ["rootfs", "safety"],
                "roles": {"firmware": {"anchors": [str(pathlib.Path("root.pem"))]}},
                "require": {"firmware": ["firmware"]}, **changes}
