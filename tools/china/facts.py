"""Makes records of data/facts.json. Takes away what it uses, so that what is left was not used."""
import re
import unicodedata

from schema import date_of, has_path, need, normal

STANDARD_UNITS = {"CNY", "USD", "KZT", "km2", "t", "har", "%"}  # ISO 4217 and UCUM
UNITS = {"percent": "%", "ha": "har", "TEU": "teu"}  # as the facts write them; others stay
BOUNDS = {"about": "about", "some": "about", "more than": "more_than", "nearly": "nearly",
          "up to": "up_to"}
# What a path of the facts' provenance is in the resource.
ZONE_PATHS = {
    "name_en": ["display_name", "names.en"], "name_en_alt": ["names.en-ftz"],
    "name_zh": ["names.zh-official"], "name_zh_alt": ["names.zh-short"],
    "country": ["region.region_code"], "region_en": ["region.names.en"],
    "region_zh": ["region.names.zh"], "region_kind": ["region.kind"],
    "wave": ["wave"], "total_area_km2": ["area_km2"],
    "approval_date": ["approval_date"], "plan_number": ["plan.number"],
    "plan_document_date": ["plan.document_date"], "plan_release_date": ["plan.publication_date"],
    "launch_date": ["launch_date"], "positioning": ["positioning", "positioning_text"],
    "zone_kind_history": ["kind_history"],
}
AREA_PATHS = {
    "name_en": ["display_name"], "name_zh": ["names.zh"], "size_km2": ["area_km2"],
    "focus_industries": ["focus_industries"], "positioning": ["positioning", "positioning_text"],
    "includes": ["parts"], "opened_on": ["opening_date"],
}


def slug(text, joint="-", limit=60):
    """An id or a code for a text; a long one ends with a whole word."""
    plain = unicodedata.normalize("NFD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c) and c not in "'’").lower()
    plain = re.sub(r"[^a-z0-9]+", joint, plain).strip(joint)
    return plain if len(plain) <= limit else plain[: limit + 1].rpartition(joint)[0]


def add_id(items, name, **rest):
    """Appends an element with an id that its list does not have yet."""
    ids, unique, number = {e["id"] for e in items}, name, 2
    while unique in ids:
        unique, number = f"{name}-{number}", number + 1
    items.append({"id": unique, **rest})


def cite(record, path, status, sources, **rest):
    """A citation that supports what stands at a path."""
    need(not path or has_path(record, path), f"{record['name']}: '{path}' is proved but not there")
    name = re.sub(r"[._]", "-", path)[:63] or "record"
    add_id(record.setdefault("citations", []), name, path=path, verification=status,
           sources=[f"sources/{s}" for s in sources], stance="supports", **rest)


def cite_provenance(record, provenance, paths):
    for field in list(provenance):
        proof = provenance.pop(field)
        for path in paths[field]:
            if path == "positioning_text" and not record[path]:
                continue
            rest = {"derivation": proof["note"]} if "note" in proof else {}
            cite(record, path, proof["status"], proof["sources"], **rest)


def remark(record, name, text, **rest):
    if text:
        add_id(record.setdefault("remarks", []), name, kind="note", text=text, **rest)


def tags(codes):
    return [{"id": c, "code": c} for c in codes]


class Facts:
    """Its `records` are {name: (kind, record)}; `facts` in the end holds what was not used."""

    def __init__(self, facts, claims):
        self.facts, self.codes, self.delegations = facts, claims["codes"], claims["delegations"]
        self.records = {}
        for name, source in facts["sources"].items():
            self.source(name, source)
        self.terms(claims["terms"])
        for part in facts["zones"]:
            zone = self.zone(part["zone"])
            for area in part["areas"]:
                self.area(area)
            for event in part["events"]:
                self.event(zone, event)
            for delegation in part["power_delegations"]:
                self.delegation(zone, delegation)
            for doubt in part["ambiguities"]:
                name = doubt.pop("id").removeprefix(zone["name"].removeprefix("zones/") + "-")
                remark(zone, name, doubt.pop("issue"))
            self.link_sizes(zone)
            self.keep("Zone", zone)

    def keep(self, kind, record):
        need(record["name"] not in self.records, f"{record['name']} comes twice")
        self.records[record["name"]] = kind, normal(kind, record, record["name"])

    # -- sources and terms

    def source(self, name, fact):
        ref, record = fact.pop("ref"), {"name": f"sources/{name}", "title": fact.pop("title"),
                                        "kind": fact.pop("kind")}
        if ref.startswith("http"):
            record["uri"] = ref
        else:
            record["note"] = ref[0].upper() + ref[1:] + "."
        self.keep("Source", record)

    def term(self, vocabulary, code, text, **rest):
        plain = text.removesuffix(" (open-ended)")
        self.keep("Term", {"name": f"vocabularies/{vocabulary}/terms/{code}", "display_name": plain,
                           "open_ended": (plain != text) or None, **rest})

    def terms(self, more):
        words = self.facts["vocabulary"]
        for name, key in (("industries", "industries"), ("positioning", "positioning")):
            for code, term in words[key].items():
                self.term(name, code, term.pop("label"), group=term.pop("sector", None))
        for name, key in (("event_types", "event_kinds"), ("delegation_modes", "delegation_modes")):
            for code, term in words[key].items():
                label = term.pop("label")
                self.term(name, code, code.replace("_", " "),
                          definition=label[0].upper() + label[1:] + ".")
        for code, unit in words["units"].items():
            kind, text = unit.pop("kind"), self.codes["units"].get(code, code.replace("_", " "))
            symbol = UNITS.get(code, code)
            vocabulary = "units" if symbol in STANDARD_UNITS else "counts"
            self.term(vocabulary, symbol.lower() if symbol != "%" else "percent", text,
                      group="count" if kind.startswith("count") else kind.split(" (")[0],
                      definition=self.codes["unit_definitions"].get(code))
        industry = "vocabularies/industries/terms/"
        self.labels = {code: self.records[industry + code][1]["display_name"]
                       for code in words["industries"]}
        for text in words.pop("party_roles"):
            self.role(text)
        plain = {"area_kinds": "area_kinds", "region_kinds": "region_kinds",
                 "included_part_kinds": "part_kinds", "delegation_levels": "delegation_levels",
                 "delegation_subjects": "subjects"}
        for key, name in plain.items():
            for text in words.pop(key):
                code = self.codes["subjects"].get(text) if name == "subjects" else None
                self.term(name, code or slug(text, "_"), text.replace("_", " "))
        for vocabulary, terms in more.items():
            for code, (text, rest) in terms.items():
                self.term(vocabulary, code, text, **rest)

    def role(self, text):
        need(text in self.codes["party_roles"], f"claims.json: no code for the role '{text}'")
        return self.codes["party_roles"][text]

    # -- zones and areas

    def zone(self, f):
        name = f.pop("id")
        history = f.pop("area_history")
        record = {
            "name": f"zones/{name}", "display_name": f["name_en"],
            "names": [
                {"id": "zh-official", "text": f.pop("name_zh"), "language_code": "zh-Hans",
                 "kind": "official"},
                {"id": "en", "text": f.pop("name_en"), "language_code": "en", "kind": "official"}],
            "kind": "pilot_free_trade_zone",
            "region": {
                "region_code": {"China": "CN"}[f.pop("country")],
                "subdivision_code": self.codes["subdivisions"][name], "kind": f.pop("region_kind"),
                "names": [{"id": "en", "text": f.pop("region_en"), "language_code": "en",
                           "kind": "official"},
                          {"id": "zh", "text": f.pop("region_zh"), "language_code": "zh-Hans",
                           "kind": "official"}]},
            "wave": f.pop("wave"), "area_km2": f.pop("total_area_km2"),
            "approval_date": f.pop("approval_date"),
            "plan": {"number": f.pop("plan_number"), "document_date": f.pop("plan_document_date"),
                     "publication_date": f.pop("plan_release_date")},
            "launch_date": f.pop("launch_date"), "positioning": tags(f.pop("positioning")),
            "positioning_text": f.pop("positioning_text"),
        }
        for text in f.pop("name_zh_alt"):
            add_id(record["names"], "zh-short", text=text, language_code="zh-Hans", kind="short")
        for text in f.pop("name_en_alt"):
            add_id(record["names"], "en-ftz", text=text, language_code="en", kind="short")
        if "zone_kind_history" in f:
            record["kind_history"] = [
                {"id": k["from"], "start_date": k["from"],
                 "kind": slug(k["kind"].split(" (")[0], "_"), "label": k["kind"]}
                for k in f.pop("zone_kind_history")]
            record["kind"] = record["kind_history"][-1]["kind"]
        cite_provenance(record, f.pop("provenance"), ZONE_PATHS)
        cite(record, "region.subdivision_code", "computed", [],
             derivation="ISO 3166-2 code of the region named")
        cite(record, "kind", "computed", [],
             derivation="the last of kind_history" if "kind_history" in record else
             "自由贸易试验区 in its Chinese name")
        record["size_history"] = []
        for size in history:
            day = size.pop("date")
            record["size_history"].append({
                "id": day, "date": day, "area_km2": size.pop("total_area_km2"),
                "added_km2": size.pop("added_km2"), "reason": size.pop("reason"),
                "basis": "started" if day == record["launch_date"] else
                         "published" if day == record["plan"]["publication_date"] else None})
            note = {"derivation": size.pop("note")} if "note" in size else {}
            cite(record, f"size_history.{day}", size.pop("status"), size.pop("sources"), **note)
        return record

    def link_sizes(self, zone):
        """The event that tells of a change of size: of its day, and of a kind that can."""
        for size in zone["size_history"]:
            events = [e["name"] for kind, e in self.records.values()
                      if kind == "Event" and e["name"].startswith(zone["name"] + "/")
                      and e["date"] == date_of(size["date"])
                      and e["type"] in ("launch", "plan_release", "expansion")]
            if len(events) == 1:
                size["event"] = events[0]

    def area(self, f):
        zone, name = f.pop("id").split("/")
        record = {
            "name": f"zones/{zone}/areas/{name}", "display_name": f.pop("name_en"),
            "names": [{"id": "zh", "text": f.pop("name_zh"), "language_code": "zh-Hans",
                       "kind": "official"}],
            "kind": f.pop("kind"), "area_km2": f.pop("size_km2"), "seat": f.pop("seat"),
            "added_date": f.pop("added_on"), "opening_date": f.pop("opened_on"),
            "positioning": tags(f.pop("positioning")),
            "positioning_text": f.pop("positioning_text"),
            "parts": [], "focus_industries": [],
        }
        if parent := f.pop("nested_in"):
            record["parent_area"] = "zones/{}/areas/{}".format(*parent.split("/"))
        for part in f.pop("includes"):
            add_id(record["parts"], slug(part["name"]), display_name=part.pop("name"),
                   area_km2=part.pop("size_km2"), kind=slug(part.pop("kind"), "_"))
        provenance = f.pop("provenance")
        whole = provenance.get("focus_industries", {}).get("status")
        unproved = []
        for industry in f.pop("focus_industries"):
            code, label = industry.pop("code"), industry.pop("label")
            plain = label.removesuffix(" (open-ended)")
            need(plain == self.labels[code], f"facts.json: {record['name']}: '{label}' of {code}")
            record["focus_industries"].append({"id": code, "code": code,
                                               "open_ended": (plain != label) or None})
            if industry.pop("status") != whole:
                unproved.append(code)
        cite_provenance(record, provenance, AREA_PATHS)
        if record["kind"] == "area" and "片区" in record["names"][0]["text"]:
            cite(record, "kind", "computed", [], derivation="片区 in its Chinese name")
        for code in unproved:
            cite(record, f"focus_industries.{code}", "unverified", [])
        remark(record, "note", f.pop("note"))
        self.keep("Area", record)

    # -- events and delegations

    def party(self, fact):
        role = dict(self.role(fact["role"]))
        if role.pop("as_said", True):
            role["role_label"] = fact["role"]
        fact.pop("role")
        return {"display_name": fact.pop("name"), **role}

    @staticmethod
    def document(text):
        """A number such as 国发〔2017〕16号, or a title; what follows a comma is the provision."""
        if "〔" in text:
            return {"number": text}
        title, _, rest = text.partition(", Art. ")
        provision, _, year = rest.partition(" (")
        return {"title": title + (f" ({year}" if year else ""),
                "provision": f"Art. {provision}" if provision else None}

    def event(self, zone, f):
        record = {
            "name": f"{zone['name']}/events/{f.pop('id')}", "title": f.pop("title"),
            "description": f.pop("description"), "type": f.pop("kind"), "date": f.pop("date"),
            "effective_date": f.pop("effective_from", None),
            "publication_date": f.pop("published_on", None),
            "places": [], "parties": [], "documents": [], "quantities": [],
        }
        need(f.pop("date_precision") == ("year", "month", "day")[record["date"].count("-")],
             f"facts.json: {record['name']}: date and date_precision disagree")
        if area := f.pop("area_id"):
            record["areas"] = ["zones/{}/areas/{}".format(*area.split("/"))]
        if place := f.pop("place"):
            add_id(record["places"], slug(place), display_name=place)
        for fact in f.pop("parties"):
            party = self.party(fact)
            add_id(record["parties"], slug(party["display_name"]), **party)
        for text in f.pop("documents"):
            document = self.document(text)
            add_id(record["documents"], slug(document.get("title", "")) or "document", **document)
        period = {"period_start": f.pop("period_start", None),
                  "period_end": f.pop("period_end", None)}
        what = [q["what"] for q in f["quantities"]]
        for q in f.pop("quantities"):
            unit, label, doubt = q.pop("unit"), q.pop("what"), q.pop("doubt", None)
            name = slug(label)
            if what.count(label) > 1 and unit in ("mu", "ha"):
                name += "-" + unit
            value, approx = q.pop("value"), q.pop("approx", None)
            add_id(record["quantities"], name, label=label, value=value,
                   unit=UNITS.get(unit, unit), bound=BOUNDS[approx] if approx else None,
                   as_stated=f"{approx} {value:,}" if approx else None, **period)
            if doubt:
                remark(record, "doubt", doubt[0].upper() + doubt[1:] + ".",
                       paths=[f"quantities.{name}"])
        cite(record, "", f.pop("status"), f.pop("sources"))
        remark(record, "note", f.pop("note", None))
        remark(record, "date-note", f.pop("date_note", None), paths=["date"])
        if whole := f.pop("part_of", None):
            record["part_of"] = f"{zone['name']}/events/{whole}"
        if delegation := f.pop("delegation_id", None):
            record["power_delegations"] = [f"{zone['name']}/powerDelegations/{delegation}"]
        self.keep("Event", record)

    def delegation(self, zone, f):
        name = f.pop("id")
        chosen = self.delegations.get(name)
        need(chosen, f"claims.json: nothing under delegations for {name}")
        giver, label, mode = f.pop("delegated_by"), f.pop("level"), f.pop("mode")
        record = {
            "name": f"{zone['name']}/powerDelegations/{name}",
            "display_name": chosen["display_name"],
            "batch_number": f.pop("batch"), "item_count": f.pop("items"),
            "item_count_scope": chosen.get("item_count_scope"),
            "delegators": [{"id": slug(giver), "party": {"display_name": giver},
                            "level": chosen.get("level", "province"), "level_label": label}],
            "receivers": [], "mode": mode if mode != "unspecified" else None,
            "review_date": f.pop("reviewed_on"), "issue_date": f.pop("issued_on"),
            "effective_date": f.pop("effective_from"), "observed_date": f.pop("as_of"),
            "counts": [], "subjects": tags(self.codes["subjects"].get(s) or slug(s, "_")
                                           for s in f.pop("subjects")),
        }
        if (unit := f.pop("items_unit")) != "item":
            record["item_label"] = unit
        receiver = f.pop("delegated_to")
        for body in chosen["receivers"]:
            said = body.get("display_name", receiver)
            add_id(record["receivers"], body.get("id") or slug(said), party={"display_name": said},
                   kind=body["kind"],
                   areas=[f"{zone['name']}/areas/{a}" for a in body.get("areas", [])])
        self.same_areas(zone, record, f.pop("delegated_to_areas", None))
        if meeting := f.pop("meeting"):
            number = re.match(r"(\d+)(st|nd|rd|th)\b", meeting)
            record["meeting"] = {"display_name": meeting, "date": record["review_date"],
                                 "number": int(number[1]) if number else None}
        if chair := f.pop("chair"):
            record["meeting"]["chair"] = {"display_name": chair, "role": "chair"}
        if text := f.pop("document"):
            document = self.document(text)
            record["documents"] = [
                {"id": slug(document.get("title", "")) or "document", **document}]
        for what, value in f.pop("breakdown").items():
            add_id(record["counts"], what.replace("_", "-"), value=value,
                   **self.codes["breakdown"][what])
        cite(record, "", f.pop("status"), f.pop("sources"))
        remark(record, "note", f.pop("note"))
        self.keep("PowerDelegation", record)

    def same_areas(self, zone, record, stated):
        """The areas the facts name are those that the receivers chosen for them reach."""
        if stated is None:
            return
        reached = {a for r in record["receivers"] for a in r["areas"]}
        if any(r["kind"] == "all_areas" for r in record["receivers"]):
            reached = {n for n, (kind, _) in self.records.items()
                       if kind == "Area" and n.startswith(zone["name"] + "/")}
        need({"zones/{}/areas/{}".format(*a.split("/")) for a in stated} == reached,
             f"claims.json: receivers of {record['name']} do not reach the areas of facts.json")
