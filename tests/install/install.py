#!/usr/bin/python3
"""
The verify library as others take it: `install.py BUILD`.

Installs BUILD's component `verify` into a folder that is then moved, builds a project against it by find_package() and by
pkg-config, and lets what came out judge a package that EVSEAL_BIN's programs made.
"""

import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import support  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()


def must(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Installed(support.LabTestCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.token()
        cls.pki = lab.pki()
        cls.package = lab.sign(lab.recipe(components=[("rootfs", bytes(100_000), {})]), "fw.evs")
        cls.profile, cls.state = lab.device(cls.pki / "device.json")
        first = lab.path("first")
        must("cmake", "--install", BUILD, "--prefix", first, "--component", "verify")
        cls.tree = lab.path("moved/deeper")
        cls.tree.parent.mkdir()
        first.rename(cls.tree)

    def check(self, program):
        """It accepts the package, and refuses one that differs in the last octet."""
        self.assertEqual(must(program, self.profile, self.state, self.package), "ok\n")
        data = bytearray(self.package.read_bytes())
        data[-1] ^= 1
        bad = self.lab.write("bad.evs", bytes(data))
        done = subprocess.run([program, self.profile, self.state, bad], capture_output=True, text=True, check=False)
        self.assertEqual((done.stdout, done.returncode), ("chunk_digest\n", 1))

    def backends(self):
        return sorted(path.stem.removeprefix("libevseal_verify_") for path in self.tree.rglob("libevseal_verify_*.a"))

    def test_find_package(self):
        build = self.lab.path("consumer")
        must("cmake", "-S", HERE / "consumer", "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.tree}")
        must("cmake", "--build", build)
        built = sorted(path.name.removeprefix("consumer_") for path in build.glob("consumer_*"))
        self.assertEqual(built, self.backends())
        self.assertIn("openssl", built)
        for backend in built:
            if backend != "sodium":  # it has no P-256
                with self.subTest(backend):
                    self.check(build / f"consumer_{backend}")

    def test_unknown_component_and_newer_version_are_not_found(self):
        for words, why in (("COMPONENTS verify signing", "no component signing"), ("9.0 COMPONENTS verify", "9.0")):
            project = self.lab.path("asks")
            project.mkdir()
            (project / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.25)\nproject(asks LANGUAGES C)\n"
                f"find_package(evseal {words.replace('COMPONENTS', 'REQUIRED COMPONENTS')})\n")
            done = subprocess.run(["cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.tree}"],
                                  capture_output=True, text=True, check=False)
            shutil.rmtree(project)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(why, done.stderr)

    def test_pkg_config(self):
        folder = next(path.parent for path in self.tree.rglob("evseal-verify.pc"))
        environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
        for backend in self.backends():
            with self.subTest(backend):
                flags = must("pkg-config", "--cflags", "--libs", f"evseal-verify-{backend}", env=environment).split()
                program = self.lab.path(f"by-pkg-config-{backend}")
                must("cc", "-std=c11", f"-DBACKEND=evseal_crypto_{backend}", HERE / "consumer" / "main.c", "-o", program,
                     *flags)
                if backend != "sodium":
                    self.check(program)

    def test_every_header_stands_alone_in_c_and_cpp(self):
        headers = sorted((self.tree / "include" / "evseal").glob("*.h"))
        self.assertGreater(len(headers), 8)
        for header in headers:
            for compiler, standard in (("cc", "-std=c11"), ("c++", "-std=c++20")):
                with self.subTest(f"{header.name}: {compiler}"):
                    must(compiler, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x",
                         "c" if compiler == "cc" else "c++", f"-I{self.tree}/include", "-",
                         input=f"#include <evseal/{header.name}>\nextern int one;\n")


if __name__ == "__main__":
    del sys.argv[1]
    support.main()
