"""`scripts/run --once`, the README's first command: it builds, asks and shows the answer.

The release build it needs takes minutes the first time."""
import re
import subprocess
import unittest

from harness import ROOT, die_with_parent, environment


def run_once():
    done = subprocess.run(
        [ROOT / "scripts/run", "--once"], capture_output=True, text=True, timeout=1500,
        preexec_fn=die_with_parent, env=environment(),
    )
    return done.returncode, done.stdout, done.stderr


class RunTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.code, cls.printed, cls.errors = run_once()

    def test_it_ends_well(self):
        self.assertEqual(self.code, 0, self.printed + self.errors)

    def test_it_shows_the_zone_its_areas_and_its_events(self):
        for text in ("Xinjiang Free-Trade Zone", "179.66", "134.6", "28.48", "16.58"):
            self.assertIn(text, self.printed)
        for area in ("kashgar", "khorgos", "urumqi"):
            self.assertRegex(self.printed, rf"(?m)^cn-xinjiang +{area} ")
        self.assertEqual(len(re.findall(r"(?m)^cn-xinjiang +xj-e\d ", self.printed)), 7)

    def test_the_readme_shows_what_it_prints(self):
        readme = (ROOT / "README.md").read_text()
        shown = re.search(r"(?ms)^<!-- run-output -->\n+```[a-z]*\n(.*?)^```$", readme)
        self.assertIsNotNone(shown, "README.md shows no output behind <!-- run-output -->")
        for line in shown.group(1).splitlines():
            # Ports and the store's id differ from run to run, and a long output may be cut.
            if not re.match(r"listening|serving|seeded|\.\.\.|…", line):
                self.assertIn(line, self.printed)

    def test_it_leaves_nothing_behind(self):
        self.assertEqual(list((ROOT / "build/run").glob("once.*")), [])


if __name__ == "__main__":
    unittest.main()
