"""Policy documents that somebody made to cost much, to hide something, or to open something."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loading import loaded, of_tier, refused
from ringfence.core.decisions import Mode
from ringfence.core.limits import LIMITS
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import load, read
from ringfence.policy.problems import PolicyRefused
from ringfence.policy.rule import Tier

EVERYTHING = (Path(__file__).parents[1] / "policy" / "documents" / "everything.yaml").read_text()


def whats(text: str | bytes) -> list[str]:
    return [what for what, _ in refused(text)]


def test_a_thousand_million_laughs_are_refused_at_the_first_anchor() -> None:
    bomb = "a: &a [lol, lol]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
    )
    started = time.process_time()
    found = whats(bomb)
    assert found[0] == "p.yaml:1:4: an anchor, `&a`"
    assert len(found) == LIMITS.policy_problems
    assert time.process_time() - started < 1


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? ", b"- - ", b"[{a: "])
def test_nesting_without_end_is_refused_at_once(opening: bytes) -> None:
    started = time.process_time()
    assert any("nested deeper" in what for what in whats(opening * 500_000))
    assert time.process_time() - started < 2


def test_values_without_end_are_refused() -> None:
    started = time.process_time()
    assert whats(b"- a\n" * (LIMITS.policy_nodes + 10)) == [
        f"p.yaml:{LIMITS.policy_nodes}:3: more than {LIMITS.policy_nodes} keys and values"
    ]
    assert whats(b"#" * (LIMITS.policy_bytes + 1)) == [f"p.yaml:1:1: larger than {LIMITS.policy_bytes} bytes"]
    assert time.process_time() - started < 20


def test_a_text_without_end_is_refused() -> None:
    text = "version: 1\nmodels: {rules: [{then: deny, why: " + "x" * 100_000 + "}]}\n"
    assert whats(text) == [f"p.yaml:2:36: longer than {LIMITS.policy_text_chars} characters"]


def test_a_merge_key_merges_nothing() -> None:
    assert whats("version: 1\nmodels: {<<: {mode: observe}, mode: enforce}\n") == [
        "p.yaml:2:10: unknown key `<<`"
    ]


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!binary", "!include", "!<tag:yaml.org,2002:map>", "!"]
)
def test_no_tag_is_constructed_or_passed_over(tag: str) -> None:
    (found,) = whats(f"version: {tag} '1'\n")
    assert found.startswith("p.yaml:1:10: a tag")


def test_of_a_key_that_stands_twice_neither_counts() -> None:
    assert whats("version: 1\nmode: enforce\nmode: observe\n") == [
        "p.yaml:3:1: the key `mode` stands twice, first in line 2"
    ]
    assert whats('version: 1\nmode: enforce\n"mode": observe\n') == [
        "p.yaml:3:1: the key `mode` stands twice, first in line 2"
    ]


def test_a_second_document_behind_the_first_is_no_policy() -> None:
    assert "a second document" in whats("version: 1\nmode: enforce\n---\nversion: 1\nmode: observe\n")[0]


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\u2028", "\ue000"])
def test_nothing_that_reads_differently_than_it_is_stands_in_a_policy(hidden: str) -> None:
    for text in (f"version: 1 # {hidden}\n", f"version: 1\nsources: {{deny: [a{hidden}b]}}\n"):
        assert "a character that nobody sees" in whats(text)[0]
    escaped = hidden.encode("unicode_escape").decode()
    assert "nobody sees" in whats(f'version: 1\nsources: {{deny: ["a{escaped}b"]}}\n')[0]


@pytest.mark.parametrize("end", ["\x85", "\r"])
def test_no_comment_goes_on_as_a_rule(end: str) -> None:
    """YAML ends a line there; who reviews the document sees a comment."""
    text = f"version: 1\n# observes only{end}agents: {{rules: [{{then: allow}}]}}\n"
    assert "a character that nobody sees" in whats(text)[0]


@pytest.mark.parametrize("blank", ["\u3164", "\u115f", "\u2800", "\u034f"])
def test_no_letter_without_a_form_makes_an_id_another(blank: str) -> None:
    assert "nobody sees" in whats(f"version: 1\nsources: {{deny: [a{blank}]}}\n")[0]


def test_problems_quote_nothing_that_moves_a_cursor_or_fills_a_screen() -> None:
    key = "\\e[2J" + "x" * 5000
    found = refused(f'version: 1\n"{key}": 1\n')
    assert all(what.isprintable() and len(what) < 300 for what, _ in found)
    found = refused(f"version: 1\n{'y' * 5000}: 1\n")
    assert all(len(what) < 300 and len(hint) < 300 for what, hint in found)


def test_thousands_of_unknown_keys_are_told_in_time() -> None:
    text = "version: 1\n" + "".join(f"{'mode' * 20}{number}: x\n" for number in range(20_000))
    started = time.process_time()
    assert len(whats(text)) == LIMITS.policy_problems
    assert time.process_time() - started < 3


def test_a_working_tree_names_no_rule_of_the_system_in_an_exception() -> None:
    system = of_tier("version: 1\nmodels: {rules: [{id: no, then: deny}]}\n")
    said = "{id: e, rule: no, asked_by: a, reviewed_by: b, why: w, until: 2099-01-01}"
    tree = of_tier(f"version: 1\nexceptions: [{said}]\n", Tier.WORKING_TREE, "tree.yaml")
    assert {what for what, _ in refused(system, tree)} >= {
        "tree.yaml:2:1: a working tree's document has no `exceptions`"
    }


@pytest.mark.parametrize("system", ["mode: enforce", "operators: {four_eyes: [model.use]}"])
@pytest.mark.parametrize("own", ["approve: [{who: [ann], what: ['*']}]", "rules: [{then: allow}]"])
def test_nobody_below_a_system_that_closes_approvals_makes_an_operator_of_themselves(
    system: str, own: str
) -> None:
    files = [
        of_tier(f"version: 1\n{system}\n".encode(), Tier.SYSTEM),
        of_tier(f"version: 1\noperators: {{{own}}}\n".encode(), Tier.USER),
    ]
    with pytest.raises(PolicyRefused) as error:
        load(files)
    assert [each.what for each in error.value.problems] == ["the system's document says who approves"]


def test_more_documents_than_anybody_has_are_refused() -> None:
    files = [of_tier("version: 1\n", name=f"{number}.yaml") for number in range(LIMITS.policy_files + 1)]
    with pytest.raises(PolicyRefused):
        read(files)


_WORDS = """version: 1
models:
rules:
- then: deny
match:
name: x
mode: warn
agents:
profiles:
claude:
files: {read: [a]}
exceptions: [{}]
trust:
tools: {a.b: {}}
- {match: {arguments: {a: b}}, then: ask}
retention:
events: [{types: a, days: 1}]
{}
[]
examples: {match: [{}]}
operators:
approve: [{who: a, what: '*'}]
?
- -
null""".splitlines()


@settings(deadline=None, max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(_WORDS)), max_size=12).map(
        lambda lines: "\n".join("  " * depth + word for depth, word in lines).encode()
    )
    | st.binary(max_size=200),
    st.sampled_from(Tier),
)
def test_any_document_is_a_policy_or_refused_with_places(data: bytes, tier: Tier) -> None:
    try:
        load([PolicyFile(tier=tier, name="p.yaml", data=data)])
    except PolicyRefused as error:
        assert error.problems
        assert all(each.line >= 1 and each.column >= 1 and each.hint for each in error.problems)


_VALUES = re.split(
    r" \| ",
    "deny | allow | x | 1 | -1 | 10 GB | 2027-01-01 | 2027-99-99 | * | [x] | ~ | true | 8h | 5 USD/day"
    " | 1/hour | internal | claude | model.use | 0.10 | \\ | 9e9 | 99999999999999999999 | a.b | untrusted"
    " | target | $targets | key:a | iso42001:A.6 | no such word | ",
)
_LINES = EVERYTHING.splitlines()


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_any_change_of_a_good_document_is_a_policy_or_refused(data: st.DataObject) -> None:
    lines = list(_LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        number = data.draw(st.integers(0, len(lines) - 1))
        words = re.split(r"([\s,:{}\[\]]+)", lines[number])
        at = data.draw(st.integers(0, len(words) - 1))
        value = data.draw(st.sampled_from(_VALUES) | st.sampled_from(re.split(r"[\s,:{}\[\]]+", lines[-4])))
        words[at] = value if at % 2 == 0 else words[at]
        change = data.draw(st.sampled_from(["word", "word", "word", "remove", "twice"]))
        if change == "word":
            lines[number] = "".join(words)
        else:
            lines[number : number + 1] = [] if change == "remove" else [lines[number]] * 2
    try:
        load([of_tier("\n".join(lines).encode(), Tier.USER)])
    except PolicyRefused as error:
        assert all(each.hint and each.line >= 1 for each in error.problems)


def test_lines_may_end_as_on_other_systems() -> None:
    text = "version: 1\r\nmode: enforce\r\n"
    policy = load([PolicyFile(tier=Tier.USER, name="p.yaml", data=text.encode())])
    assert {mode for mode, _ in policy.modes.values()} == {Mode.ENFORCE}


def test_a_document_that_says_nothing_is_a_policy_that_observes() -> None:
    assert loaded("version: 1\n").joined.rules == ()
