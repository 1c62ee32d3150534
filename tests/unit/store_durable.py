"""No write is answered before it is on disk: watches the system calls of a store under strace."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ["STORE_KILL"]
THREADS, WRITES = 4, 10
SKIPPED = 77

# 1234 fdatasync(7</tmp/x/data.db-wal>) = 0, or in two halves when another thread came between.
LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(.*)$")


def can_trace():
    return shutil.which("strace") and not subprocess.run(
        ["strace", "-f", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ).returncode


def trace(directory):
    """(thread, call, begins, ends, rest) for each line."""
    log = f"{directory}/strace"
    subprocess.run(
        ["strace", "-f", "-y", "-e", "trace=fdatasync,fsync,write", "-o", log]
        + [PROGRAM, "write", f"{directory}/data.db"],
        check=True,
        stdout=subprocess.DEVNULL,
        # Leaks cannot be looked for by a process that is traced itself.
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
    )
    with open(log) as lines:
        for line in lines:
            match = LINE.match(line)
            if match:
                thread, call, rest = match.groups()
                resumed = " resumed" in rest
                yield thread, call, not resumed, "<unfinished" not in rest, rest


class Durable(unittest.TestCase):
    def test_every_answer_comes_after_a_sync_that_began_after_the_write(self):
        with tempfile.TemporaryDirectory(prefix="ftz-durable-") as directory:
            began = {}  # of each thread: the place where its write began
            syncing = {}  # of each thread: the place where its sync under way began
            last_synced = -1  # the latest beginning of a sync that is over
            answers = 0
            for place, (thread, call, begins, ends, rest) in enumerate(trace(directory)):
                if call in ("fdatasync", "fsync"):
                    if begins:
                        syncing[thread] = place if "-wal>" in rest else -1
                    if ends:
                        self.assertRegex(rest, r"= 0$")
                        last_synced = max(last_synced, syncing[thread])
                elif call == "write" and begins and '"begin' in rest:
                    began[thread] = place
                elif call == "write" and begins and '"answered' in rest:
                    self.assertGreater(last_synced, began[thread])
                    answers += 1
            self.assertEqual(answers, THREADS * WRITES)


if __name__ == "__main__":
    if not can_trace():
        print("strace is missing or not permitted here")
        sys.exit(SKIPPED)
    unittest.main()
