"""The schema as the .proto files tell it, and records that follow it: dictionaries with the fields'
own names. Reads and writes proto3-JSON, writes out the short forms of claims.json, and finds and
sets what a path (AIP-161, elements of lists by their id) leads to."""
import re
import unicodedata
from decimal import Decimal
from pathlib import Path

PROTO = Path(__file__).resolve().parents[2] / "proto/ftz/v1"
# Lists of a Registry, and what they hold.
LISTS = {"sources": "Source", "terms": "Term", "zones": "Zone", "areas": "Area",
         "events": "Event", "power_delegations": "PowerDelegation"}


class Mistake(Exception):
    """Something in data/ that cannot be right; the message says what and where."""


def need(condition, message):
    if not condition:
        raise Mistake(message)


class Field:
    def __init__(self, name, kind, repeated, vocabulary):
        self.name, self.kind, self.repeated, self.vocabulary = name, kind, repeated, vocabulary
        self.json_name = re.sub(r"_(.)", lambda m: m.group(1).upper(), name)


def read_schema():
    """Messages as {name: {field: Field}} in the order the file has, and the names of enums."""
    messages, enums = {}, set()
    for file in ("common", "resources", "registry"):
        message, comment = None, ""
        for line in (PROTO / f"{file}.proto").read_text().splitlines():
            line = line.strip()
            if line.startswith("//"):
                comment += line[2:]
                continue
            if opened := re.match(r"(message|enum) (\w+) \{", line):
                message = messages.setdefault(opened[2], {}) if opened[1] == "message" else None
                if message is None:
                    enums.add(opened[2])
            elif message is not None:
                field = re.match(r"(repeated )?([\w.]+) (\w+) = (\d+)", line)
                if field:
                    said = re.search(r"[Cc]odes? of vocabulary (\w+)", comment)
                    message[field[3]] = Field(field[3], field[2], bool(field[1]),
                                              said and said[1])
            comment = ""
    return messages, enums


MESSAGES, ENUMS = read_schema()


def prefix_of(enum):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", enum).upper() + "_"


def date_of(text):
    parts = [int(p) for p in text.split("-")]
    return dict(zip(("year", "month", "day"), parts))


def normal(kind, value, where):
    """A value with the short forms of claims.json written out: dates, decimals, enum values."""
    if kind == "google.type.Date":
        return date_of(value) if isinstance(value, str) else value
    if kind == "google.type.Decimal":
        return value if isinstance(value, dict) else {"value": format(Decimal(value), "f")}
    if kind in ENUMS:
        return value if value.startswith(prefix_of(kind)) else prefix_of(kind) + value.upper()
    if kind in MESSAGES:
        fields, result = MESSAGES[kind], {}
        for name, inner in value.items():
            need(name in fields, f"{where}: {kind} has no field '{name}'")
            if inner is None or inner == [] or inner == "":
                continue
            field, path = fields[name], f"{where}.{name}"
            result[name] = ([normal(field.kind, v, path) for v in inner] if field.repeated
                            else normal(field.kind, inner, path))
        return result
    if kind == "string":
        need(isinstance(value, str) and unicodedata.is_normalized("NFC", value),
             f"{where}: no text in normalization form C: {value!r}")
    return float(value) if kind == "double" else value


def from_json(kind, value):
    """A proto3-JSON value with its fields named as in the .proto files."""
    if kind not in MESSAGES:
        return value
    by_json = {f.json_name: f for f in MESSAGES[kind].values()}
    return {by_json[k].name: [from_json(by_json[k].kind, x) for x in v] if by_json[k].repeated
            else from_json(by_json[k].kind, v) for k, v in value.items()}


def to_json(kind, value):
    """The other way, fields in their order; sizes without a trailing '.0'."""
    if kind == "double" and value == int(value):
        return int(value)
    if kind not in MESSAGES:
        return value
    return {f.json_name: [to_json(f.kind, x) for x in value[f.name]] if f.repeated
            else to_json(f.kind, value[f.name])
            for f in MESSAGES[kind].values() if f.name in value}


def element(items, name):
    return next((e for e in items if e["id"] == name), None)


def has_path(value, path):
    for step in path.split("."):
        if isinstance(value, list):
            value = element(value, step)
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return False
    return True


def assign(kind, record, path, value, where):
    """Puts a claim's value at a path: makes what is missing on the way; null takes away."""
    steps, repeated = path.split("."), False
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        if repeated:  # `record` is a list and the step an id
            found = element(record, step)
            if last and value is None:
                need(found, f"{where}: nothing to take away at '{path}'")
                record.remove(found)
                return
            if not found:
                found = {"id": step}
                record.append(found)
            if last:
                found.update(normal(kind, {**value, "id": step}, where))
                return
            record, repeated = found, False
            continue
        fields = MESSAGES.get(kind, {})
        need(step in fields, f"{where}: '{path}' leads nowhere at '{step}'")
        field = fields[step]
        if last:
            if value is None:
                need(step in record, f"{where}: nothing to take away at '{path}'")
                del record[step]
            else:
                record[step] = normal(kind, {step: value}, where)[step]
            return
        record = record.setdefault(step, [] if field.repeated else {})
        kind, repeated = field.kind, field.repeated
