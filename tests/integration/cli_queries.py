"""Questions about the 22 zones, by the real ftz against the real ftzd."""
import csv
import io
import json
import unittest

from harness import ROOT, Daemon, ftz

CHINA = json.loads((ROOT / "data/china.json").read_text())


def setUpModule():
    global server
    server = Daemon("--seed", ROOT / "data/china.json")


def tearDownModule():
    server.stop()


class QueriesTest(unittest.TestCase):
    maxDiff = None

    def ftz(self, *arguments, code=0):
        done = ftz(*arguments, server=server.tcp)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr)
        return done

    def json(self, *arguments):
        return json.loads(self.ftz(*arguments, "-o", "json").stdout)

    def table(self, *arguments):
        return self.ftz(*arguments, "-o", "table").stdout

    def csv(self, *arguments):
        return list(csv.DictReader(io.StringIO(self.ftz(*arguments, "-o", "csv").stdout)))


class Lists(QueriesTest):
    def test_filter_and_order(self):
        zones = self.csv("zones", "list", "--filter", "area_km2 > 150", "--order-by", "area_km2 desc")
        sizes = [float(z["area_km2"]) for z in zones]
        expected = sorted((z["areaKm2"] for z in CHINA["zones"] if z.get("areaKm2", 0) > 150), reverse=True)
        self.assertEqual(sizes, expected)

    def test_a_limit_over_pages(self):
        events = self.json("events", "list", "--limit", "25", "--page-size", "10")
        self.assertEqual(len(events["events"]), 25)
        rest = self.json("events", "list", "--all", "--page-token", events["nextPageToken"])
        self.assertEqual(len(rest["events"]), len(CHINA["events"]) - 25)

    def test_the_total(self):
        done = self.ftz("events", "list", "--total", "--page-size", "1", "-o", "table")
        self.assertIn(f"ftz: {len(CHINA['events'])} in all", done.stderr)
        self.assertEqual(self.json("events", "list", "--total")["totalSize"], str(len(CHINA["events"])))

    def test_a_wrong_filter_says_where(self):
        done = self.ftz("zones", "list", "--filter", "area_km > 3", code=13)
        self.assertIn("did you mean 'area_km2'?", done.stderr)


class Search(QueriesTest):
    def test_in_any_script(self):
        for words in ("urumqi", "Ürümqi", "乌鲁木齐"):
            names = [r["name"] for r in self.csv("search", words)]
            self.assertIn("zones/cn-xinjiang/areas/urumqi", names, words)

    def test_of_some_types(self):
        self.assertEqual({r["type"] for r in self.csv("search", "khorgos", "--type", "areas", "--all")}, {"area"})

    def test_all_words_must_match(self):
        self.assertEqual(self.csv("search", "khorgos", "nonsenseword"), [])
        self.assertIn("khorgos", self.table("search", "khorgos", "area"))


class Timeline(QueriesTest):
    def test_in_order_both_ways(self):
        there = self.json("timeline", "cn-xinjiang", "--all")["entries"]
        back = self.json("timeline", "cn-xinjiang", "--desc", "--all")["entries"]
        self.assertEqual(len(there), len(back))
        year = lambda e: e["date"]["year"]
        self.assertEqual([year(e) for e in there], sorted(year(e) for e in there))
        self.assertEqual([year(e) for e in back], [year(e) for e in reversed(there)])

    def test_a_span_of_launches(self):
        rows = self.csv("timeline", "zones/-", "--from", "2023-11", "--to", "2023-11", "--kind", "launch")
        self.assertEqual([(r["date"], r["resource"]) for r in rows], [("2023-11-01", "zones/cn-xinjiang")])

    def test_of_an_area(self):
        self.assertIn("xj-e4", self.table("timeline", "cn-xinjiang/khorgos", "--all"))


class Profile(QueriesTest):
    def test_a_page(self):
        page = self.table("profile", "cn-xinjiang")
        for text in ("Xinjiang Free-Trade Zone", "179.66 km2", "Ürümqi Area", "74.92 %", "█", "together", "Powers"):
            self.assertIn(text, page)
        self.assertNotIn("\033", page)

    def test_as_it_was(self):
        before = self.json("profile", "cn-shanghai", "--date", "2014-01-01")
        now = self.json("profile", "cn-shanghai")
        self.assertLess(before["areaKm2"], now["areaKm2"])

    def test_mistakes(self):
        self.ftz("profile", "cn-nowhere", code=15)
        self.ftz("profile", "cn-xinjiang", "--date", "soon", code=2)


class Powers(QueriesTest):
    def test_yes_unknown_and_gaps(self):
        page = self.table("powers", "cn-xinjiang/khorgos")
        self.assertIn("xj-d1", page)
        self.assertIn("unknown", page)
        self.assertIn("not known:", page)
        sure = self.json("powers", "cn-xinjiang/khorgos", "--exclude-unknown")["powers"]
        self.assertEqual({p["inForce"] for p in sure}, {"IN_FORCE_YES"})

    def test_on_a_day_before_any(self):
        self.assertNotIn("powers", {k for k, v in self.json("powers", "cn-xinjiang", "--date", "2020-01-01").items() if v})


class Aggregate(QueriesTest):
    def test_counts_by_type(self):
        rows = self.csv("aggregate", "events", "--by", "type", "--all")
        self.assertEqual(sum(int(r["count"]) for r in rows), len(CHINA["events"]))

    def test_sums_add_nothing_twice(self):
        rows = self.csv("aggregate", "events", "--parent", "cn-fujian", "--sum", "quantities")
        firms = next(r for r in rows if r["measure"] == "new_companies")
        self.assertEqual((firms["sum"], firms["added"], firms["left_out"]), ("11899", "1", "1"))

    def test_sizes_of_areas(self):
        rows = self.csv("aggregate", "areas", "--by", "zone", "--sum", "area_km2", "--all")
        xinjiang = next(r for r in rows if r["zone"] == "zones/cn-xinjiang")
        self.assertEqual((xinjiang["count"], xinjiang["sum"], xinjiang["unit"]), ("3", "179.66", "km2"))

    def test_every_form_says_the_same(self):
        arguments = ["aggregate", "areas", "--by", "zone", "--all"]
        buckets = self.json(*arguments)["buckets"]
        lines = self.ftz(*arguments, "-o", "ndjson").stdout.splitlines()
        self.assertEqual([json.loads(line) for line in lines], buckets)
        self.assertEqual([r["zone"] for r in self.csv(*arguments)], [b["keys"][0] for b in buckets])
        self.assertEqual(len(self.table(*arguments).splitlines()), len(buckets) + 1)


class Help(QueriesTest):
    def test_every_command_teaches(self):
        import re

        text = self.ftz("--help").stdout
        commands = re.findall(r"(?m)^  (\w+) +[A-Z]", text.split("Examples:")[0])
        self.assertIn("aggregate", commands)
        for command in commands:
            help_text = self.ftz("help", command).stdout
            if command not in ("version", "help"):
                self.assertIn("Examples:", help_text, command)
        for verb in ("list", "get", "create", "update", "edit", "delete", "undelete", "history"):
            self.assertIn("Examples:", self.ftz("help", "areas", verb).stdout, verb)

    def test_completion_knows_verbs_options_and_their_values(self):
        import subprocess

        script = self.ftz("completion", "bash").stdout
        for typed, expected in [
            ("ftz areas ", "undelete"), ("ftz areas update ", "--mask"), ("ftz search --type ", "PowerDelegation"),
            ("ftz timeline x --kind ", "area_opened"), ("ftz export --format ", "jsonl"), ("ftz watch ", "--state"),
            ("ftz zones delete ", "--force"), ("ftz check ", "--fail"),
        ]:
            words = typed.split(" ")
            probe = f'{script}\nCOMP_WORDS=({" ".join(words[:-1])} ""); COMP_CWORD={len(words) - 1}; _ftz; echo "${{COMPREPLY[@]}}"'
            done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, check=True)
            self.assertIn(expected, done.stdout.split(), typed)


if __name__ == "__main__":
    unittest.main()
