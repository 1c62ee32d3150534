"""Runs what the README tells its reader to run, as it stands there.

Its addresses are the defaults, so all of it happens in a network namespace of its own, where the
default port is free; where there can be none, on the real loopback, if the port is free there.
What installs packages is left out.
"""
import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from harness import FTZ, ROOT, SEED, SKIPPED, Daemon, die_with_parent, environment

DEFAULT_PORT = 17966
INSIDE = "FTZ_README_NAMESPACE"
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def block_with(language, text):
    found = [b for b in blocks(language) if text in b]
    assert len(found) == 1, f"README.md has {len(found)} {language} blocks with {text!r}"
    return found[0]


def prepare_namespace():
    """Starts this program again where nothing else runs. Returns if that was done, or cannot be."""
    if INSIDE in os.environ:
        SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            request = struct.pack("16sH14s", b"lo", 0, b"")
            (flags,) = struct.unpack("16xH14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))
            fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | IFF_UP, b""))
        return
    unshare = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") and not subprocess.run([*unshare, "true"], capture_output=True).returncode:
        os.environ[INSIDE] = "1"
        os.execvp(unshare[0], [*unshare, sys.executable, "-B", *sys.argv])
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", DEFAULT_PORT)) == 0:
            print(f"skipped: no network namespace, and port {DEFAULT_PORT} is in use")
            sys.exit(SKIPPED)


class ReadmeTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory(prefix="ftz-readme-")
        cls.addClassCleanup(cls.dir.cleanup)
        clone = Path(cls.dir.name)
        for name in ("proto", "data"):
            (clone / name).symlink_to(ROOT / name)
        (clone / "build/release/clients").mkdir(parents=True)
        (clone / "build/release/clients/c").symlink_to(Path(FTZ).parent)
        daemon = Daemon("--seed", SEED, listen=False, env={"XDG_RUNTIME_DIR": cls.dir.name})
        cls.addClassCleanup(daemon.stop)
        cls.addresses = daemon.addresses

    def shell(self, script, program=("bash", "-eu")):
        """Runs a block as if pasted, in what looks like a clone that scripts/run has built."""
        script = re.sub(r"(?m)^apt-get .*$", "", script)
        done = subprocess.run(
            program, input=script, text=True, capture_output=True, cwd=self.dir.name, timeout=60,
            preexec_fn=die_with_parent, env=environment(),
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_default_addresses(self):
        self.assertIn(f"tcp://127.0.0.1:{DEFAULT_PORT}", self.addresses)
        self.assertIn(f"ipc://{self.dir.name}/ftz.sock", self.addresses)

    def test_python_with_a_socket_and_protobuf(self):
        self.shell(block_with("sh", "--python_out"))
        # The interpreter that the package of the block before is for.
        printed = self.shell(block_with("python", "import socket"), ("/usr/bin/python3", "-"))
        claimed = re.search(r"(?ms)^```python\n.*?^```\n+prints `(.*?)`", README).group(1)
        self.assertEqual(printed, claimed + "\n")

    def test_the_command_line(self):
        printed = self.shell(block_with("sh", "ftz areas list"))
        for text in ("zones/cn-xinjiang/areas/khorgos", "xj-e4", "nextPageToken", "PowerDelegation"):
            self.assertIn(text, printed)

    def test_every_block_is_run_by_a_test(self):
        self.assertEqual(len(blocks("sh")) + len(blocks("python")), 4)
        block_with("sh", "scripts/run")  # by run_once.py


if __name__ == "__main__":
    prepare_namespace()
    unittest.main()
