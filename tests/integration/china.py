"""data/china.json says what data/facts.json says, counted and compared here in a way of its own;
and it goes into a registry before or after data/xinjiang.json, with the same result."""
import json
import re
import unittest
from collections import Counter
from decimal import Decimal

from harness import ROOT, SEED, Daemon, ftz

CHINA = ROOT / "data/china.json"


def numbers_as_text(path):
    return json.loads(path.read_text(), parse_float=str, parse_int=str)


FACTS = numbers_as_text(ROOT / "data/facts.json")
REGISTRY = numbers_as_text(CHINA)
RECORDS = {r["name"]: r for records in REGISTRY.values() for r in records}
ZONES = FACTS["zones"]


def each(of):
    """Every area, event ... of the facts with its name in the registry."""
    collection = {"events": "events", "power_delegations": "powerDelegations"}
    for part in ZONES:
        for fact in part[of]:
            zone, last = part["zone"]["id"], fact["id"].split("/")[-1]
            yield fact, RECORDS[f"zones/{zone}/{collection.get(of, of)}/{last}"]


def day(date):
    return "-".join(["%s" % date["year"]] + ["%02d" % int(date[k]) for k in ("month", "day")
                                            if k in date])


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


class Facts(unittest.TestCase):
    def test_so_many_of_each_type_as_in_the_facts(self):
        counts = {k: len(v) for k, v in REGISTRY.items() if k != "terms"}
        self.assertEqual(counts, {"sources": 153, "zones": 22, "areas": 81, "events": 128,
                                  "powerDelegations": 24})
        self.assertEqual({k: int(v) for k, v in FACTS["meta"]["counts"].items() if k != "facts"},
                         {"zones": 22, "areas": 81, "events": 128, "power_delegations": 24})

    def test_every_entry_of_the_eleven_vocabularies_is_a_term(self):
        self.assertEqual(len(FACTS["vocabulary"]), 11)
        shown = Counter(t["name"].split("/")[1] for t in REGISTRY["terms"])
        entries = {k: len(v) for k, v in FACTS["vocabulary"].items()}
        for facts, ours in (("industries",) * 2, ("positioning",) * 2, ("delegation_modes",) * 2,
                            ("event_kinds", "event_types"), ("delegation_subjects", "subjects"),
                            ("included_part_kinds", "part_kinds"), ("area_kinds",) * 2,
                            ("region_kinds",) * 2, ("delegation_levels",) * 2):
            self.assertGreaterEqual(shown[ours], entries[facts], facts)
        self.assertGreaterEqual(shown["units"] + shown["counts"], entries["units"])
        roles = {p["roleLabel"] for e in REGISTRY["events"] for p in e.get("parties", ())
                 if "roleLabel" in p} | {t["displayName"] for t in REGISTRY["terms"]
                                         if "/party_roles/" in t["name"]}
        missing = [r for r in FACTS["vocabulary"]["party_roles"] if r not in roles]
        # The article's own words stand for the first; "signatory" is the second's term.
        self.assertEqual(missing, ["chairman, chair of the meeting", "signatories"])

    def test_uses_of_codes_are_as_many_as_the_facts_count(self):
        used = Counter(i["code"] for a in REGISTRY["areas"] for i in a.get("focusIndustries", ()))
        for code, term in FACTS["vocabulary"]["industries"].items():
            self.assertEqual(used[code], int(term["areas_using"]), code)
        types = Counter(e["type"] for e in REGISTRY["events"])
        kinds = FACTS["vocabulary"]["event_kinds"]
        self.assertEqual(types, {k: int(t["uses"]) for k, t in kinds.items()})

    def test_every_zone_has_its_sizes_dates_and_names(self):
        for part in ZONES:
            fact, zone = part["zone"], RECORDS["zones/" + part["zone"]["id"]]
            self.assertEqual((zone["areaKm2"], zone["wave"]),
                             (fact["total_area_km2"], fact["wave"]))
            self.assertEqual([(day(s["date"]), s["areaKm2"], s.get("addedKm2"))
                              for s in zone["sizeHistory"]],
                             [(s["date"], s["total_area_km2"], s["added_km2"])
                              for s in fact["area_history"]])
            for ours, theirs in (("approvalDate", "approval_date"), ("launchDate", "launch_date")):
                self.assertEqual(zone.get(ours) and day(zone[ours]), fact[theirs])
            self.assertEqual([zone["plan"]["number"], day(zone["plan"]["documentDate"]),
                              day(zone["plan"]["publicationDate"])],
                             [fact["plan_" + k]
                              for k in ("number", "document_date", "release_date")])
            names = {n["text"] for n in zone["names"]}
            self.assertLessEqual({fact["name_zh"], fact["name_en"], *fact["name_zh_alt"],
                                  *fact["name_en_alt"]}, names)
            self.assertEqual({n["text"] for n in zone["region"]["names"]},
                             {fact["region_en"], fact["region_zh"]})
            self.assertEqual([t["code"] for t in zone["positioning"]], fact["positioning"])

    def test_every_area_has_its_size_parts_and_industries(self):
        for fact, area in each("areas"):
            self.assertEqual(area.get("areaKm2"), fact["size_km2"], area["name"])
            self.assertEqual(area.get("seat"), fact["seat"])
            for ours, theirs in (("addedDate", "added_on"), ("openingDate", "opened_on")):
                self.assertEqual(area.get(ours) and day(area[ours]), fact[theirs])
            self.assertIn(fact["name_zh"], [n["text"] for n in area["names"]])
            self.assertEqual([(p["displayName"], p.get("areaKm2")) for p in area.get("parts", ())],
                             [(p["name"], p["size_km2"]) for p in fact["includes"]])
            self.assertLessEqual({f["code"] for f in fact["focus_industries"]},
                                 {i["code"] for i in area.get("focusIndustries", ())})
            self.assertLessEqual(set(fact["positioning"]),
                                 {t["code"] for t in area.get("positioning", ())})

    def test_every_event_has_its_date_and_all_its_quantities(self):
        units = {"percent": "%", "ha": "har", "TEU": "teu"}
        for fact, event in each("events"):
            self.assertEqual((day(event["date"]), event["type"]), (fact["date"], fact["kind"]))
            self.assertLessEqual(
                Counter((Decimal(q["value"]), units.get(q["unit"], q["unit"]))
                        for q in fact["quantities"]),
                Counter((Decimal(q["value"]["value"]), q["unit"])
                        for q in event.get("quantities", ())), event["name"])
            for quantity in event.get("quantities", ()):
                self.assertTrue(quantity["measure"] and quantity["nature"], event["name"])
            self.assertEqual(event.get("effectiveDate") and day(event["effectiveDate"]),
                             fact.get("effective_from"))

    def test_every_delegation_has_its_count_dates_and_subjects(self):
        for fact, power in each("power_delegations"):
            self.assertEqual(power.get("batchNumber"), fact["batch"])
            if fact["items"]:
                self.assertEqual(power["itemCount"], fact["items"])
            for ours, theirs in (("reviewDate", "reviewed_on"), ("issueDate", "issued_on"),
                                 ("observedDate", "as_of")):
                self.assertEqual(power.get(ours) and day(power[ours]), fact[theirs], power["name"])
            self.assertEqual(len(power.get("subjects", ())), len(fact["subjects"]))
            self.assertEqual(len(power.get("counts", ())), len(fact["breakdown"]))
            self.assertTrue(power["receivers"] and power["delegators"])

    def test_every_remark_of_the_facts_is_a_remark(self):
        said = {r["text"] for record in RECORDS.values() for r in record.get("remarks", ())}
        for part in ZONES:
            for doubt in part["ambiguities"]:
                self.assertIn(doubt["issue"], said)
        notes = [(f["note"], r) for of in ("areas", "events", "power_delegations")
                 for f, r in each(of) if f.get("note")]
        for note, record in notes:
            if group := re.fullmatch("group: (.*); English name is a translation", note):
                self.assertEqual(record["group"], group[1])
                self.assertIn("NAME_KIND_TRANSLATION", [n["kind"] for n in record["names"]])
            else:
                self.assertIn(note, said)

    def test_every_source_of_a_record_is_cited_by_it(self):
        for of in ("events", "power_delegations"):
            for fact, record in each(of):
                cited = {s for c in record["citations"] if not c.get("path")
                         for s in c.get("sources", ())}
                self.assertEqual(cited, {f"sources/{s}" for s in fact["sources"]}, record["name"])

    def test_nothing_happens_after_the_day_the_facts_end(self):
        self.assertIn("2025-12-18", FACTS["meta"]["as_of"])
        self.assertEqual(max(day(e["date"]) for e in REGISTRY["events"]), "2025-12-18")


class Article(unittest.TestCase):
    def test_what_the_article_says_is_in_both_files(self):
        article = numbers_as_text(ROOT / "data/article.json")
        for file in (REGISTRY, numbers_as_text(SEED)):
            held = {r["name"]: r for records in file.values() for r in records}
            for record in (r for records in article.values() for r in records):
                lost = set(texts(record)) - set(texts(held[record["name"]]))
                # Other sources may change how a doubt is read, and nothing else.
                readings = {r.get("reading") for r in record.get("remarks", ())}
                self.assertLessEqual(lost, readings, record["name"])

    def test_loading_the_files_in_any_order_gives_the_same_registry(self):
        shared = len([r for records in numbers_as_text(SEED).values() for r in records])
        everything = len(RECORDS)
        exports = set()
        for files, last in (((CHINA,), (everything, 0, 0)),
                            ((CHINA, SEED), (0, 0, shared)),
                            ((SEED, CHINA), (everything - shared, 0, shared))):
            server = Daemon(*[a for file in files for a in ("--seed", file)])
            self.addCleanup(server.stop)
            self.assertIn(f"seeded from {files[-1]}: %d created, %d updated, %d unchanged\n" % last,
                          server.output)
            done = ftz("export", server=server.tcp)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sum(map(len, json.loads(done.stdout).values())), everything)
            exports.add(done.stdout)
        self.assertEqual(len(exports), 1)


if __name__ == "__main__":
    unittest.main()
