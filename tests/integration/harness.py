"""Starts the real ftzd and runs the real ftz, for tests in Python. Paths come from the environment:
FTZD and FTZ are the programs, set by CTest."""
import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FTZD = os.environ["FTZD"]
FTZ = os.environ["FTZ"]
SEED = ROOT / "data/xinjiang.json"
START_SECONDS = 30
SKIPPED = 77


def die_with_parent():
    """In a child before exec: not even a test that is killed leaves a process behind."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    """ftzd with these options; listens on a free port and a Unix socket unless they say otherwise."""

    def __init__(self, *options, listen=True, env=None):
        self.dir = Path(tempfile.mkdtemp(prefix="ftz-test-"))
        command = [FTZD, "--store", f"sqlite:{self.dir}/registry.db"]
        if listen:
            command += ["--listen", "tcp://127.0.0.1:0", "--listen", f"ipc://{self.dir}/ftz.sock"]
        with open(self.dir / "stderr", "w") as errors:
            self.process = subprocess.Popen(
                command + [str(o) for o in options],
                stdout=subprocess.PIPE,
                stderr=errors,
                preexec_fn=die_with_parent,
                env={**os.environ, **(env or {})},
            )
        self._wait_until_ready()

    def _wait_until_ready(self):
        until = time.monotonic() + START_SECONDS
        self.output = ""
        while not self.output.endswith("ready\n"):
            readable, _, _ = select.select([self.process.stdout], [], [], 1)
            piece = os.read(self.process.stdout.fileno(), 4096).decode() if readable else ""
            self.output += piece
            if (readable and not piece) or time.monotonic() > until:
                self.process.kill()
                self.process.wait()
                said = self.output + self.errors()
                shutil.rmtree(self.dir)
                raise RuntimeError("ftzd did not become ready: " + said)
        self.addresses = re.findall(r"(?m)^listening on (\S+)$", self.output)

    @property
    def tcp(self):
        return next(a for a in self.addresses if a.startswith("tcp:"))

    @property
    def ipc(self):
        return next(a for a in self.addresses if a.startswith("ipc:"))

    def errors(self):
        return (self.dir / "stderr").read_text()

    def stop(self):
        """SIGTERM, and the end; what went wrong is raised."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "none: it was killed"
        self.process.stdout.close()
        errors = self.errors()
        shutil.rmtree(self.dir)
        if code != 0:
            raise RuntimeError(f"ftzd ended with {code}: {errors}")


def environment(**more):
    """The environment without what would lead ftz elsewhere."""
    env = {k: v for k, v in os.environ.items() if k not in ("FTZ_SERVER", "XDG_RUNTIME_DIR")}
    return {**env, "LC_ALL": "C.UTF-8", **more}


def ftz(*arguments, server=None, stdin="", **more):
    """Runs ftz: its exit code, standard output and standard error as attributes."""
    command = [FTZ, *(["-s", server] if server else []), *[str(a) for a in arguments]]
    done = subprocess.run(
        command,
        input=stdin.encode(),
        capture_output=True,
        timeout=60,
        preexec_fn=die_with_parent,
        env=environment(**more),
    )
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done
