"""Writes the policy's JSON Schema, and the reference in docs/policy.md, from the tables of the language."""

import json
from importlib.resources import files
from pathlib import Path

from ringfence.core.decisions import Section
from ringfence.policy.built_in import SCHEMA
from ringfence.policy.language import DOCUMENT, SECTIONS, json_schema
from ringfence.policy.shapes.field_words import FIELD_WORDS
from ringfence.policy.shapes.fields import fields_of, types_of
from ringfence.policy.shapes.shape import Shape
from ringfence.policy.shapes.tables import Key, ListOf, MapOf, Table

PAGE = Path(__file__).parent.parent / "docs" / "policy.md"
SCHEMA_FILE = Path(str(files("ringfence.policy"))) / "documents" / SCHEMA
MARK = "<!-- From here on made by scripts/policy_docs.py from the tables of the language. -->\n"

_GENERAL = ("-rule", "-match", "-examples", "-example")  # the general form of a rule, told once


def schema_text() -> str:
    """The JSON Schema as it is shipped: a definition to a line."""
    schema = json_schema()
    definitions = schema.pop("$defs")
    assert isinstance(definitions, dict)
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in schema.items()]
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in definitions.items()]
    return "{\n" + ",\n".join(head) + ',\n"$defs": {\n' + ",\n".join(lines) + "\n}\n}\n"


def page(written: str) -> str:
    """The whole page, with the introduction that is there."""
    return written.partition(MARK)[0] + MARK + "\n" + "\n".join(_reference()) + "\n"


def _reference() -> list[str]:
    lines = ["## Reference", "", "### The document", "", *_rows(DOCUMENT), ""]
    told: set[str] = set()
    for judging in SECTIONS:
        types = ", ".join(each.name for each in types_of(judging.section))
        lines += [f"### {judging.section}", "", f"{judging.table.about} Judges {types}.", ""]
        lines += [*_rows(judging.table), "", *_tables_below(judging.table, told)]
    lines += ["### exceptions", "", *_tables_below(Table("", "", (DOCUMENT.by_name["exceptions"],)), told)]
    lines += ["### prices", "", *_tables_below(Table("", "", (DOCUMENT.by_name["prices"],)), told)]
    lines += ["### rule", "", "The general form, the same in every section.", ""]
    models = next(each.table for each in SECTIONS if each.section is Section.MODELS)
    rule = _one(models.by_name["rules"].shape)
    assert isinstance(rule, Table)
    return [*lines, *_rows(rule), "", *_facts()]


def _rows(table: Table) -> list[str]:
    """A row for each key; facts are told once, at the end of the page."""
    rows, has_facts = ["| key | what it is | written as |", "|-|-|-|"], False
    for each in table.keys:
        if each.alias_of or each.says in FIELD_WORDS.values():
            has_facts = True
        else:
            needed = " (needed)" if each.needed else ""
            rows.append(f"| `{each.name}`{needed} | {_cell(each.says)} | {_cell(_written(each))} |")
    if has_facts:
        rows.append("| any [fact](#facts) | all that are given must fit | as in `match` |")
    return rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _written(key: Key) -> str:
    """How a key's value is written, with links to tables."""
    table = _one(key.shape)
    if key.name == "actions":
        return "a type of action such as model.use, or a list"
    if key.name == "examples":
        return "a mapping with `match` and `not_match`, each a list of facts"
    if not isinstance(table, Table):
        return key.shape.says
    link = f"[{table.name}](#{table.name})"
    if table.name.endswith("-match"):
        link = "[facts](#facts)"
    elif table.name.endswith("-rule") and table.name != "trust-rule":
        link = "[rule](#rule)"
    match key.shape:
        case ListOf():
            return f"a list of {link}"
        case MapOf(key=named):
            return f"a mapping from {named.says} to {link}"
    return link


def _one(shape: Shape) -> Shape:
    """What a list or mapping is of; anything else itself."""
    return shape.shape if isinstance(shape, ListOf | MapOf) else shape


def _tables_below(table: Table, told: set[str]) -> list[str]:
    lines: list[str] = []
    for key in table.keys:
        each = _one(key.shape)
        if not isinstance(each, Table) or each.name in told:
            continue
        if each.name.endswith(_GENERAL) and each.name != "trust-rule":
            continue
        told.add(each.name)
        lines += [f"#### {each.name}", "", each.about, "", *_rows(each), "", *_tables_below(each, told)]
    return lines


def _facts() -> list[str]:
    """Which facts `match` may name, and of which types of actions."""
    lines = [
        "### facts",
        "",
        "What `match` may ask for. A rule is for the types of actions that have every fact it names.",
        "",
        "| fact | what it is | compared as | of |",
        "|-|-|-|-|",
    ]
    types = tuple(each.name for each in types_of(None))
    for field in fields_of(types):
        kinds = ", ".join(dict.fromkeys(str(kind) for _, kind in field.kinds))
        of = "all" if len(field.kinds) == len(types) else ", ".join(name for name, _ in field.kinds)
        spelling = next(
            each.spellings[0] for each in fields_of((field.kinds[0][0],)) if each.name == field.name
        )
        lines.append(f"| `{spelling}` | {_cell(FIELD_WORDS[field.name])} | {kinds} | {of} |")
    return lines


def main() -> None:
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
