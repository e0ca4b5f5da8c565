"""The tables, and what is made from them: schema, documentation, documents that are shipped."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from policy_docs import PAGE, SCHEMA_FILE, page, schema_text

from loading import loaded, of_tier
from ringfence.app.policy.show import tier_word
from ringfence.cli.parsers.policy import TIERS
from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.decisions import Mode, Section
from ringfence.policy.built_in import STARTER, STRICT, text_of
from ringfence.policy.language import DOCUMENT, SECTIONS, json_schema
from ringfence.policy.load import read
from ringfence.policy.rule import Tier
from ringfence.policy.shapes.field_words import FIELD_WORDS
from ringfence.policy.shapes.fields import fields_of, types_of
from ringfence.policy.shapes.tables import Entry, ListOf, MapOf, Table

EVERYTHING = (Path(__file__).parent / "documents" / "everything.yaml").read_bytes()
WAY_OUT = (Path(__file__).parent / "documents" / "way_out.yaml").read_bytes()
DOCUMENTS = {
    "starter": text_of(STARTER),
    "strict": text_of(STRICT),
    "everything": EVERYTHING,
    "way out": WAY_OUT,
}


def as_editors_read(text: bytes) -> object:
    """YAML 1.2's own types: dates are text."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader)


def test_schema_and_documentation_are_made_from_the_tables_as_they_are() -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), "run: python scripts/policy_docs.py"
    written = PAGE.read_text()
    assert written == page(written), "run: python scripts/policy_docs.py"
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_fit_the_schema_and_load_in_every_tier_above_the_tree(name: str) -> None:
    Draft202012Validator(json_schema()).validate(as_editors_read(DOCUMENTS[name]))
    for tier in (Tier.BUILT_IN, Tier.SYSTEM, Tier.USER):
        assert read([of_tier(DOCUMENTS[name], tier)]).joined.rules


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"version": 1, "modles": {}},
        {"version": 1, "mode": "off"},
        {"version": 1, "models": {"rules": [{"match": {"nmae": "x"}, "then": "deny"}]}},
        {"version": 1, "models": {"rules": [{"match": {"size": {"at_least": "ten"}}, "then": "deny"}]}},
        {"version": 1, "models": {"rules": [{"match": {"verdict": "bad"}, "then": "deny"}]}},
        {"version": 1, "models": {"approved": [{"name": "x", "until": "tomorrow"}]}},
        {"version": 1, "models": {"rules": [{}]}},
        {"version": 1, "operators": {"break_glass": {"who": ["a"], "lasts": "long"}}},
        {},
    ],
)
def test_what_the_loader_refuses_the_schema_refuses_too(wrong: object) -> None:
    from loading import refused

    assert refused(json.dumps(wrong))
    assert not Draft202012Validator(json_schema()).is_valid(wrong)


def keys_used(value: object, table: Table, used: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which keys of which tables an entry uses."""
    assert isinstance(value, Entry)
    for name, part in value.values.items():
        used.add((table.name, table.by_name[name].alias_of or name))
        shape = table.by_name[name].shape
        below = shape.shape if isinstance(shape, ListOf | MapOf) else shape
        if isinstance(below, Table):
            parts = part if isinstance(part, tuple) else (part,)
            for each in parts:
                keys_used(each[1] if isinstance(shape, MapOf) else each, below, used)
    return used


def test_the_example_uses_every_section_and_every_shorthand() -> None:
    from ringfence.policy.nodes import parse
    from ringfence.policy.problems import Problems

    problems = Problems(file="p.yaml")
    node = parse(EVERYTHING, problems)
    assert node is not None
    entry = DOCUMENT.read(node, problems)
    assert problems.found == []
    used = keys_used(entry, DOCUMENT, set())
    wanted = {(DOCUMENT.name, each.name) for each in DOCUMENT.keys}
    wanted |= {
        (judging.table.name, key.name)
        for judging in SECTIONS
        for key in judging.table.keys
        if key.name not in {"mode", "rules", "internal", "distribution"}
    }
    assert wanted <= used


def test_every_section_judges_every_type_that_names_it() -> None:
    assert {each.section for each in SECTIONS} == set(Section)
    assert {each.name for section in Section for each in types_of(section)} == {
        each.name for each in ACTION_TYPES
    }


def test_every_fact_is_described_and_compared_in_one_way_within_a_section() -> None:
    globs = {"text", "name", "path", "host"}
    for section in Section:
        names = tuple(each.name for each in types_of(section))
        for field in fields_of(names):
            assert FIELD_WORDS[field.name]
            kinds = {str(kind) for _, kind in field.kinds}
            if field.name != "arguments":
                assert len(kinds) == 1 or kinds <= globs, field
    assert set(FIELD_WORDS) == {name for each in ACTION_TYPES for name in each.fields}


def test_the_starter_observes_everything_and_the_closed_document_enforces_everything() -> None:
    for name, mode in ((STARTER, Mode.OBSERVE), (STRICT, Mode.ENFORCE)):
        modes = loaded(text_of(name)).joined.modes
        assert {each for each, _ in modes.values()} == {mode}


def test_the_starter_explains_every_line_that_says_something_new() -> None:
    text = text_of(STARTER).decode()
    keys = [line for line in text.splitlines() if line and line[0].isalpha()]
    assert {line.partition(":")[0] for line in keys} >= {each.name for each in DOCUMENT.keys} - {"serial"}
    assert all("#" in line for line in keys), keys


def test_the_tiers_of_the_command_line_are_those_that_there_are() -> None:
    assert set(TIERS) == {tier_word(each) for each in Tier} - {"built-in"}
