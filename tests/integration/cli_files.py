"""Files of records, by the real ftz against the real ftzd: import, export, generate."""
import json
import os
import tempfile
import unittest
from pathlib import Path

from harness import SEED, Daemon, ftz

RECORDS = sum(len(records) for records in json.loads(SEED.read_text()).values())
SERVER_SET = {"uid", "etag", "revision", "createTime", "updateTime", "deleteTime", "purgeTime"}


def generate(*arguments):
    done = ftz("generate", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


class FilesTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = self.start()
        scratch = tempfile.TemporaryDirectory(prefix="ftz-files-")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)

    def start(self, *options):
        daemon = Daemon(*options)
        self.addCleanup(daemon.stop)
        return daemon

    def ftz(self, *arguments, code=0, server=None, **more):
        done = ftz(*arguments, server=(server or self.server).ipc, **more)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr)
        return done

    def load(self, *arguments, **more):
        return json.loads(self.ftz("import", *arguments, "-o", "json", **more).stdout)


class RoundTrip(FilesTest):
    def test_what_was_imported_comes_out_again(self):
        self.load(SEED)
        exported = json.loads(self.ftz("export").stdout)
        seed = json.loads(SEED.read_text())
        self.assertEqual(list(exported), ["sources", "terms", "zones", "areas", "events", "powerDelegations"])
        for group, records in seed.items():
            self.assertEqual(exported[group], sorted(records, key=lambda r: r["name"]))

    def test_an_export_imported_elsewhere_exports_the_same_bytes(self):
        self.load(SEED)
        self.load("-", stdin=generate("--events", "200"))
        for form in ("json", "jsonl"):
            with self.subTest(form):
                first, second = self.dir / f"first.{form}", self.dir / f"second.{form}"
                self.ftz("export", first)
                other = self.start()
                self.load(first, server=other)
                self.ftz("export", second, server=other)
                self.assertEqual(first.read_bytes(), second.read_bytes())
                self.assertGreater(first.stat().st_size, 100_000)
                self.assertEqual(self.load(first)["unchanged"], self.load(first)["records"])

    def test_both_forms_hold_the_same_records(self):
        self.load(SEED)
        whole = json.loads(self.ftz("export").stdout)
        lines = [json.loads(l) for l in self.ftz("export", "--format", "jsonl").stdout.splitlines()]
        flat = [record for records in whole.values() for record in records]
        self.assertEqual([next(iter(line.values())) for line in lines], flat)
        self.assertFalse(SERVER_SET & {key for record in flat for key in record})

    def test_server_fields_are_there_when_asked_for(self):
        self.load(SEED)
        zone = json.loads(self.ftz("export", "--server-fields").stdout)["zones"][0]
        self.assertEqual(SERVER_SET - set(zone), {"deleteTime", "purgeTime"})
        self.assertEqual(self.load("-", stdin=self.ftz("export", "--server-fields").stdout)["unchanged"], str(RECORDS))

    def test_a_zone_alone_brings_the_sources_it_cites_and_the_terms_of_its_units(self):
        self.load(SEED)
        self.load("-", stdin=generate("--events", "200"))
        exported = json.loads(self.ftz("export", "--parent", "cn-xinjiang").stdout)
        cited = {s for group in exported.values() for r in group for c in r.get("citations", []) for s in c.get("sources", [])}
        self.assertEqual([s["name"] for s in exported["sources"]], sorted(cited))
        terms = [t["name"] for t in exported["terms"]]
        self.assertIn("vocabularies/counts/terms/company", terms)
        self.assertTrue(all(t.startswith("vocabularies/counts/") for t in terms), terms)
        names = [r["name"] for kind in exported if kind not in ("sources", "terms") for r in exported[kind]]
        self.assertTrue(all((n + "/").startswith("zones/cn-xinjiang/") for n in names), names)
        done = self.load("-", stdin=json.dumps(exported), server=self.start())
        self.assertEqual(done["created"], str(len(cited) + len(terms) + len(names)))

    def test_an_empty_registry(self):
        self.assertEqual(self.ftz("export").stdout, "{}\n")
        self.assertEqual(self.ftz("export", "--format", "jsonl").stdout, "")


class Files(FilesTest):
    def test_a_file_appears_whole_or_not_at_all(self):
        self.load(SEED)
        path = self.dir / "registry.json"
        said = json.loads(self.ftz("export", path).stdout)
        self.assertEqual(said["records"], str(RECORDS))
        self.assertRegex(said["revision"], r"^[0-9a-f]+:1$")
        self.assertEqual(json.loads(path.read_text())["zones"][0]["name"], "zones/cn-xinjiang")
        self.ftz("export", self.dir / "no/such/dir.json", code=1)
        before = path.read_bytes()
        self.ftz("export", path, "--parent", "nowhere", code=15)
        self.assertEqual(path.read_bytes(), before)
        self.assertEqual(os.listdir(self.dir), ["registry.json"])

    def test_a_full_disk(self):
        self.load(SEED)
        done = self.ftz("export", "/dev/full", code=1)
        self.assertIn("No space left", done.stderr)

    def test_registries_and_lines_in_one_import(self):
        lines = self.dir / "more.jsonl"
        lines.write_text('{"source":{"name":"sources/x","title":"X"}}\n\n{"source":{"name":"sources/y","title":"Y"}}')
        self.assertEqual(self.load(SEED, lines)["created"], str(RECORDS + 2))

    def test_faults_of_lines_name_them(self):
        bad = '{"source":{"name":"sources/x","title":"X"}}\n{"source":{"name":"sources/y","titel":"Y"}}\n'
        done = self.ftz("import", "-", stdin=bad, code=13)
        self.assertIn('standard input:2: source.titel', done.stderr)
        refused = '{"source":{"name":"sources/x","title":"X"}}\n{"zone":{"name":"zones/x"}}\n'
        done = self.ftz("import", "-", stdin=refused, code=13)
        self.assertIn("standard input:2: zone.displayName", done.stderr)
        dangling = '\n{"area":{"name":"zones/none/areas/x","displayName":"X"}}\n'
        done = self.ftz("import", "-", stdin=dangling, code=13)
        self.assertIn("standard input:2: area.name", done.stderr)
        self.ftz("sources", "get", "x", code=15)

    def test_batches_are_transactions_of_their_own(self):
        lines = "".join(f'{{"source":{{"name":"sources/s{i}","title":"S"}}}}\n' for i in range(10))
        done = self.load("--batch", "4", "-", stdin=lines)
        self.assertEqual((done["created"], done["records"], done["revision"]), ("10", "10", "3"))
        lines += '{"zone":{"name":"zones/x"}}\n'
        done = self.ftz("import", "--batch", "5", "-", stdin=lines, code=13)
        self.assertIn("the 10 records before are written", done.stderr)
        self.assertIn("standard input:11: zone.displayName", done.stderr)
        self.ftz("import", "--batch", "5", "--dry-run", "-", stdin=lines, code=2)


class Generate(FilesTest):
    def test_the_server_takes_all_of_it(self):
        done = self.load("-", stdin=generate("--events", "800", "--zones", "40", "--seed", "9"))
        self.assertEqual(done["created"], done["records"])
        listed = json.loads(self.ftz("zones", "list", "--all", "-o", "json").stdout)["zones"]
        self.assertEqual(len(listed), 40)

    def test_in_batches_too(self):
        done = self.load("--batch", "100", "-", stdin=generate("--events", "250"))
        self.assertEqual(done["created"], done["records"])

    def test_both_forms_are_the_same_registry(self):
        self.load("-", stdin=generate("--events", "200", "--format", "json"))
        done = self.load("-", stdin=generate("--events", "200", "--format", "jsonl"))
        self.assertEqual(done["unchanged"], done["records"])

    def test_mistakes(self):
        for arguments in (["--events", "0"], ["--events", "11M"], ["--events", "x"], ["--seed", "-1"]):
            self.ftz("generate", *arguments, code=2)


if __name__ == "__main__":
    unittest.main()
