"""The policy that people sign says what the rules say: each once, and otherwise when a rule is otherwise."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings

from deciding import NOW
from drawn_policies import many, modes, policy
from loading import of_tier
from ringfence.app.policy.render.chapters import Document, document_of
from ringfence.app.policy.render.markdown import markdown
from ringfence.app.policy.render.page import page
from ringfence.core.decisions import Effect, Mode, Obligation, ObligationKind, Section
from ringfence.policy.built_in import STARTER, STRICT, text_of
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import AtLeast, Condition, Is, Like, Manner, Rule, Unlike
from ringfence.policy.sentences import backquoted, of_rule, plain

EVERYTHING = (Path(__file__).parents[2] / "policy" / "documents" / "everything.yaml").read_bytes()
WAY_OUT = (Path(__file__).parents[2] / "policy" / "documents" / "way_out.yaml").read_bytes()


def told(of: Policy) -> Document:
    return document_of(of, title="AI at Example Ltd.", written_at=NOW)


def lines(document: Document) -> list[tuple[str, str]]:
    """Sentences with names, of all chapters."""
    return [
        (line.id, backquoted(line.sentence))
        for chapter in document.chapters
        for group in chapter.groups
        for line in group.lines
    ]


class Words(HTMLParser):
    """The text of a page, without its style, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self._hidden = "", set[str](), False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._hidden = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data


@settings(max_examples=60, deadline=None)
@given(many, modes)
def test_every_rule_is_there_exactly_once(rules: list[Rule], named: dict[Section, Mode]) -> None:
    one = policy(rules, named)
    assert sorted(lines(told(one))) == sorted((each.id, backquoted(of_rule(each))) for each in rules)
    text = page(told(one))
    assert [text.count(f"<code>{each.id}</code>") for each in rules] == [1] * len(rules)


@pytest.mark.parametrize("text", [EVERYTHING, WAY_OUT, text_of(STARTER), text_of(STRICT)])
def test_of_whole_documents_every_rule_is_there_once_and_so_is_trust(text: bytes) -> None:
    one = load([of_tier(text)])
    said = [name for name, _ in lines(told(one))]
    assert {each.id: said.count(each.id) for each in one.rules} == {each.id: 1 for each in one.rules}
    trust = one.document.joined.trust
    for each in () if trust is None else trust.rules:
        assert said.count(each.id) == 1


def _changes(rule: Rule) -> list[Rule]:
    """The rule, changed in one way each."""
    changed = [replace(rule, effect=each) for each in Effect if each is not rule.effect]
    changed += [replace(rule, mode=each) for each in (None, *Mode) if each is not rule.mode]
    changed += [replace(rule, refused_as=each) for each in Manner]
    changed.append(replace(rule, until=(rule.until or NOW) + timedelta(days=3)))
    changed.append(replace(rule, why=f"{rule.why} indeed"))
    changed.append(replace(rule, action_types=rule.action_types ^ {"file.read"}))
    limit = Obligation(kind=ObligationKind.LIMIT, unit="bytes", amount=7, per="minute")
    changed.append(replace(rule, obligations=(*rule.obligations, limit)))
    for at, each in enumerate(rule.conditions):
        others = rule.conditions[:at], rule.conditions[at + 1 :]
        changed.append(replace(rule, conditions=others[0] + others[1]))
        for other in _other_conditions(each):
            changed.append(replace(rule, conditions=(*others[0], other, *others[1])))
    return changed


def _other_conditions(condition: Condition) -> list[Condition]:
    test = condition.test
    found = [replace(condition, ignores_unknown=not condition.ignores_unknown)]
    if isinstance(test, Like | Unlike):
        other = Unlike if isinstance(test, Like) else Like
        found += [replace(condition, test=other(test.patterns))]
        found += [replace(condition, test=type(test)((*test.patterns, "more")))]
    elif isinstance(test, AtLeast):
        found.append(replace(condition, test=AtLeast(test.value ^ 1)))
    elif isinstance(test, Is):
        found.append(replace(condition, test=Is(not test.value)))
    return found


@settings(max_examples=60, deadline=None)
@given(many.filter(bool))
def test_a_rule_that_is_changed_reads_otherwise(rules: list[Rule]) -> None:
    for rule in rules:
        for changed in _changes(rule):
            assert of_rule(changed) != of_rule(rule)


@pytest.mark.parametrize("text", [EVERYTHING, WAY_OUT, text_of(STARTER), text_of(STRICT)])
def test_the_same_is_on_the_page_and_in_the_text(text: bytes) -> None:
    document = told(load([of_tier(text)]))
    on_page, in_text = Words(page(document)).text, markdown(document)
    for chapter in document.chapters:
        assert chapter.title in on_page
        assert chapter.title in in_text
    words = " ".join(re.sub(r"[`*\\]|<sub>.*?</sub>", "", in_text).split())
    for _, sentence in lines(document):
        plain = " ".join(re.sub(r"[`\u201c\u201d*]", "", sentence).split())
        assert plain in " ".join(re.sub(r"[*]", "", on_page).split())
        assert plain in re.sub("[\u201c\u201d]", "", words)


def test_modes_values_and_people_are_told() -> None:
    text = markdown(told(load([of_tier(EVERYTHING)])))
    for each in (
        "Edition 7. Written 2026-11-23",
        "This chapter is enforced: what none of its rules allows is not allowed.",
        "\u201cdev\\-tools\\@example\\.com\u201d answers for it. It is approved until the end of 2027-01-01.",
        "Records of the type `*` in `*` are not forgotten until the end of 2027-01-01.",
        "- \u201ckeystrokes\u201d",
        "Nobody approves what they asked for themselves, of `credential.use` and `tool.call`.",
        "`bob` may let everything pass for 1 hour.",
        "The rule `acting-weights` does not count if the name is `our-org/*`",
        "At most 5 USD per day. At most 100 calls per hour.",
    ):
        assert each in text


def test_a_chapter_without_a_rule_speaks_of_none_of_its_rules() -> None:
    holds = "retention: {legal_hold: [{streams: '*', types: '*', why: a case}]}"
    text = f"version: 1\nmode: enforce\nmodels: {{mode: warn}}\nsources: {{mode: observe}}\n{holds}\n"
    chapters = {each.title: each for each in told(load([of_tier(text.encode())])).chapters}
    intros = {title: chapter.intro for title, chapter in chapters.items()}
    assert intros["Records and how long they are kept"] == ("There is no rule here: every record is kept.",)
    assert intros["Sensitive data"] == (
        "There is no rule here, and this is enforced: what no rule allows is not allowed.",
    )
    assert intros["Using and downloading models"] == (
        "There is no rule here: what happens is told and recorded, and not stopped.",
    )
    assert intros["Where models come from"] == (
        "There is no rule here: what happens is recorded, and nothing is stopped or told.",
    )


@pytest.mark.parametrize(("mode", "is_told"), [("observe", True), ("warn", True), ("enforce", False)])
def test_that_boxes_are_held_to_it_is_said_where_the_chapter_would_deny_it(mode: str, is_told: bool) -> None:
    document = told(load([of_tier(f"version: 1\nmode: {mode}\n")]))
    intros = {chapter.title: chapter.intro for chapter in document.chapters}
    said = "What leaves a box is enforced all the same: there, what no rule allows is not allowed."
    assert [said in intros["Agents"], said in intros["Sensitive data"]] == [is_told, False]


def test_a_profile_says_how_its_agent_gets_out() -> None:
    egress = "{connections: 5, private: [{host: db.test, addresses: 10.0.0.0/8}]}"
    document = told(load([of_tier(f"version: 1\nagents: {{profiles: {{claude: {{egress: {egress}}}}}}}\n")]))
    (about,) = (
        group.about for chapter in document.chapters for group in chapter.groups if chapter.title == "Agents"
    )
    assert backquoted(about).endswith(
        "Its way out has at most 5 connections at one time. "
        "`db.test` may have the private addresses `10.0.0.0/8`."
    )


def test_an_exception_that_has_ended_is_not_told() -> None:
    later = document_of(load([of_tier(EVERYTHING)]), title="t", written_at=NOW + timedelta(days=60))
    text = markdown(later)
    assert "None is in force." in text
    assert "1 that have ended are not told here." in text


def test_the_page_needs_nothing_else() -> None:
    text = page(told(load([of_tier(EVERYTHING)])))
    assert not Words(text).tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"""src=|href=|url\(|@import|https?://""", text)
    assert "default-src 'none'" in text


def test_a_profile_says_what_its_box_may_use() -> None:
    text = "memory: 4 GB, processes: 500, wall: 8h, debug: false, environment: [MY_*, TZ]"
    written = load([of_tier(f"version: 1\nagents: {{profiles: {{claude: {{sandbox: {{{text}}}}}}}}}\n")])
    agents = next(each for each in told(written).chapters if each.title == "Agents")
    assert plain(agents.groups[0].about) == (
        "Nobody is named who answers for it. It has no date of approval. Its box has at most 4 GB of memory, "
        "500 processes and 8 hours in all. Programs in it may not trace their own children. "
        "It is handed the variables MY_* and TZ."
    )
