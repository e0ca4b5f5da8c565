"""The front matter of model cards, honest and hostile."""

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.readme import ModelCard, read_card
from ringfence.core.limits import LIMITS


def front(text: str) -> bytes:
    return f"---\n{text}\n---\n# Model\n\nlicense: not here\n".encode()


def test_the_fields_are_read_as_the_author_wrote_them() -> None:
    text = """language:
- en
- no
license: other
license_name: "llama3.1"
license_link: https://example.com/LICENSE
base_model: meta-llama/Llama-3.1-8B
datasets: [acme/one, acme/two]
widget:
- text: "license: mit"
  license: mit
model-index:
- {name: x, license: gemma}
? [complex, key]
: {license: mit}
extra_gated_prompt: |-
  license: apache-2.0
  ---x
date: 2026-01-01"""
    assert read_card(front(text)) == ModelCard(
        licenses=("other",),
        license_name="llama3.1",
        license_link="https://example.com/LICENSE",
        base_models=("meta-llama/Llama-3.1-8B",),
        languages=("en", "no"),
        datasets=("acme/one", "acme/two"),
    )


@pytest.mark.parametrize(
    ("value", "licenses"),
    [
        ("mit", ("mit",)),
        ("[mit, 'apache-2.0']", ("mit", "apache-2.0")),
        ("2.0", ("2.0",)),
        ("no", ("no",)),
        ("", ()),
        ("null", ()),
        ("~", ()),
        ("[]", ()),
        ("{name: mit}", ()),
        ("[[mit]]", ()),
        ("[{a: mit}, gemma]", ("gemma",)),
        ("!!python/object:os.system mit", ("mit",)),
    ],
)
def test_a_value_of_any_type_is_taken_for_the_texts_it_holds(value: str, licenses: tuple[str, ...]) -> None:
    assert read_card(front(f"license: {value}\nlicense_name: x")) == ModelCard(
        licenses=licenses, license_name="x"
    )


def test_without_libyaml_a_card_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = front("license: [mit, ~, 'null']\nbase_model: null\nlanguage: en\nx: {a: [b]}\nlicense_name: n")
    with_it = read_card(data)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert (
        read_card(data) == with_it == ModelCard(licenses=("mit", "null"), languages=("en",), license_name="n")
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"# Model\n---\nlicense: mit\n---\n", b"--- x\nlicense: mit\n---\n", b"----\nlicense: mit\n----\n"],
)
def test_a_readme_without_front_matter_states_nothing(data: bytes) -> None:
    assert read_card(data) == ModelCard()


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n\n", b"\r\n"])
def test_a_mark_or_blank_lines_may_stand_before_it(before: bytes) -> None:
    assert read_card(before + b"---\r\nlicense: mit\r\n---\r\n").licenses == ("mit",)


@pytest.mark.parametrize(
    ("text", "licenses", "problem"),
    [
        ("license: mit\nlicense: gemma", ("mit", "gemma"), "license stands twice"),
        ("license: &a mit\nx: *a", (), "the front matter uses anchors"),
        ("license: mit\nx: *a", ("mit",), "the front matter uses anchors"),
        ("license: mit\nx: [", ("mit",), "the front matter is not valid YAML"),
        ("license: mit\nx: " + "[" * 40, ("mit",), "the front matter is nested deeper than 16"),
        ("- license: mit", (), "the front matter is not a mapping"),
        ("mit", (), "the front matter is not a mapping"),
        ("license: [" + "a, " * 200 + "]", ("a",) * 100, "more than 100 values of license"),
        ("license: mit\nx: \x00", (), "the front matter is not valid YAML"),
    ],
)
def test_what_stands_before_a_problem_counts(text: str, licenses: tuple[str, ...], problem: str) -> None:
    assert read_card(front(text)) == ModelCard(licenses=licenses, problems=(problem,))


def test_front_matter_without_an_end_is_a_problem() -> None:
    assert read_card(b"---\nlicense: mit\n# Model\n") == ModelCard(problems=("the front matter has no end",))


def test_front_matter_past_the_limit_is_read_up_to_there() -> None:
    data = b"---\nlicense: mit\n" + b"x: " + b"y" * 70 + b"\n" + b"- z\n" * LIMITS.yaml_bytes + b"---\n"
    card = read_card(data)
    assert card.licenses == ("mit",)
    assert card.problems[0] == f"the front matter is longer than {LIMITS.yaml_bytes} bytes"


def test_a_value_is_clipped() -> None:
    assert len(read_card(front("license: " + "x" * 100_000)).licenses[0]) == LIMITS.license_chars


@pytest.mark.parametrize(
    "evil",
    [
        "[" * 250_000,
        "{" * 250_000,
        "? " * 120_000,
        "- " * 120_000,
        "a: " * 80_000,
        "&a " * 80_000,
        "a: [" + "a," * 120_000,
        "a: {" + "b," * 120_000,
        '"' + "\\x41" * 60_000,
        "a: >" + "\n " * 120_000,
        "#" * 250_000,
        "!" * 200_000,
    ],
    ids=lambda evil: evil[:6],
)
def test_no_front_matter_takes_long(evil: str) -> None:
    started = time.process_time()
    read_card(front("license: mit\n" + evil))
    assert time.process_time() - started < 8


@given(st.binary(max_size=200) | st.text(max_size=200).map(front))
def test_all_bytes_are_a_card(data: bytes) -> None:
    assert isinstance(read_card(data), ModelCard)


YAML = st.recursive(
    st.sampled_from(["mit", "'a'", "*x", "&x y", "~", "2.0", "|\n  t", "!!int 3", ""]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]")
        | st.lists(inner, max_size=3).map(lambda each: f"{{{', '.join(f'license: {e}' for e in each)}}}")
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["license", "license_name", "base_model", "x", "? [k]"]), YAML), max_size=5
    )
)
def test_all_yaml_is_a_card(pairs: list[tuple[str, str]]) -> None:
    card = read_card(front("\n".join(f"{key}: {value}" for key, value in pairs)))
    assert all(isinstance(value, str) for value in (*card.licenses, *card.base_models))
