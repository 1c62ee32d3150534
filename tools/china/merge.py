"""Joins the facts, the article and the claims into one registry, and sees to it that nothing gets
lost or leads nowhere on the way."""
import copy
import fnmatch
import json
import re

from facts import STANDARD_UNITS, add_id
from schema import LISTS, MESSAGES, assign, element, has_path, need


def check_left_over(facts, elsewhere):
    """What was not made into records must be told to be elsewhere; and the other way round."""
    def walk(value, path):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            if isinstance(item, (dict, list)):
                yield from walk(item, path + [str(key)])
            else:
                yield ".".join(path + [str(key)])
    used = set()
    for path in walk(facts, []):
        found = {p for p in elsewhere if fnmatch.fnmatchcase(path, p)}
        need(found, f"facts.json: nothing is made of {path}")
        used |= found
    need(used == set(elsewhere), f"claims.json: of no fact: {sorted(set(elsewhere) - used)}")


class Article:
    """The base: what its records hold stays, and the facts add to it."""

    def __init__(self, registry):
        self.registry = registry
        self.stood = {}  # {name: {path: what the facts say there instead}}

    def names(self):
        return [record["name"] for listed in LISTS for record in self.registry[listed]]

    def merge_into(self, records):
        for listed, kind in LISTS.items():
            for base in self.registry[listed]:
                if base["name"] in records:
                    new = records[base["name"]][1]
                    new["citations"] = list(self.new_citations(base, new.get("citations", [])))
                    self.add_to(kind, base, new, base["name"], "")
                records[base["name"]] = kind, base

    @staticmethod
    def new_citations(base, citations):
        """Those that say more than the article, which proves its own values in its own words."""
        before = copy.deepcopy(base)
        for citation in citations:
            held = not citation.get("path") or has_path(before, citation["path"])
            if citation["verification"] == "VERIFICATION_VERIFIED":
                others = [s for s in citation["sources"] if s != "sources/seed"]
                if others:
                    yield {**citation, "sources": others}
            elif not held:
                yield citation

    def add_to(self, kind, base, new, name, path):
        for field in MESSAGES[kind].values():
            if field.name not in new:
                continue
            at, value = path + field.name, new[field.name]
            if field.name == "citations":
                for citation in value:
                    add_id(base[field.name], citation["id"],
                           **{k: v for k, v in citation.items() if k != "id"})
            elif field.name not in base:
                base[field.name] = value
            elif field.repeated and "id" in MESSAGES.get(field.kind, {}):
                for inner in value:
                    same = element(base[field.name], inner["id"]) or alike(base[field.name], inner)
                    if same:
                        rest = {k: v for k, v in inner.items() if k != "id"}
                        self.add_to(field.kind, same, rest, name, f"{at}.{same['id']}.")
                    else:
                        base[field.name].append(inner)
            elif field.kind in MESSAGES and not field.repeated:
                self.add_to(field.kind, base[field.name], value, name, at + ".")
            elif base[field.name] != value:
                said = "; ".join(value) if isinstance(value, list) else value
                self.stood.setdefault(name, {})[at] = said


def alike(items, new):
    """An element of a list that says the same as another under another id."""
    def sayings(e):
        said = {e.get(k) for k in ("text", "title", "number", "display_name")}
        said.add(e.get("party", {}).get("display_name"))
        if "unit" in e:
            said.add((e["value"]["value"], e["unit"]))
        return said - {None}
    return next((e for e in items if sayings(e) & sayings(new)), None)


def apply_claims(claims, records):
    for name, paths in claims.items():
        need(name in records, f"claims.json: there is no {name}")
        kind, record = records[name]
        for path, value in paths.items():
            assign(kind, record, path, value, f"claims.json: {name}")


def references(kind, value, vocabulary=None):
    """Names of the resources, and of the terms behind codes, that a value leans on."""
    if isinstance(value, list):
        for inner in value:
            yield from references(kind, inner, vocabulary)
    elif kind in MESSAGES:
        for name, inner in value.items():
            field = MESSAGES[kind][name]
            if (kind, name) == ("Quantity", "unit"):
                if inner not in STANDARD_UNITS:
                    yield f"vocabularies/counts/terms/{inner}"
            elif (kind, name) == ("Tag", "code"):
                yield f"vocabularies/{vocabulary}/terms/{inner}"
            else:
                yield from references(field.kind, inner, field.vocabulary)
    elif kind == "string" and vocabulary:
        yield f"vocabularies/{vocabulary}/terms/{value}"
    elif kind == "string" and re.fullmatch(r"(zones|sources|vocabularies)/\S+", value):
        yield value


def check(records):
    """What is named is there, and what is cited for."""
    for name, (kind, record) in records.items():
        for other in references(kind, record):
            need(other in records, f"{name}: there is no {other}")
        for cited in record.get("citations", []):
            path = cited.get("path")
            need(not path or has_path(record, path), f"{name}: nothing at '{path}' to cite for")
        for elements in (v for v in record.values() if isinstance(v, list)):
            ids = [e["id"] for e in elements if isinstance(e, dict)]
            need(len(ids) == len(set(ids)), f"{name}: an id comes twice among {ids}")


def closure(records, names):
    """These names, and those of the sources and terms that their records lean on; nothing else."""
    chosen = set(names)
    for name in names:
        for other in references(*records[name]):
            need(other in chosen or not other.startswith("zones/"),
                 f"{name}, which xinjiang.json holds, leans on {other}, which it does not")
            chosen.add(other)
    return chosen
