"""Rules as sentences, for people who sign them and for people who want to know why.

A sentence is made from everything that the rule says and from nothing else, so that a rule that is changed
reads otherwise. It comes in pieces: our own words, and values of whoever wrote the policy, which are set
apart and escaped by whoever shows them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Mode, Obligation, ObligationKind
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.rule import (
    AtLeast,
    AtMost,
    Before,
    Condition,
    Exemption,
    From,
    Is,
    Like,
    Manner,
    Rule,
    Test,
    Unlike,
)
from ringfence.policy.words import words_of

__all__ = [
    "EFFECTS",
    "MODES",
    "Piece",
    "Sentence",
    "Value",
    "all_of",
    "backquoted",
    "condition_words",
    "duration",
    "listed",
    "moment",
    "obligation_words",
    "of_actions",
    "of_exemption",
    "of_rule",
    "plain",
    "size",
]


@dataclass(frozen=True, slots=True)
class Value:
    """A piece that somebody else wrote: a value of a fact, or prose."""

    text: str
    is_prose: bool = False


Piece = str | Value
Sentence = tuple[Piece, ...]

# Each stands in a sentence as a piece of its own, so that it can be set apart.
EFFECTS = {
    Effect.ALLOW: "is allowed",
    Effect.ASK: "needs an operator's approval",
    Effect.DENY: "is not allowed",
}
MODES = {
    Mode.OBSERVE: "This is only recorded; nothing is stopped.",
    Mode.WARN: "This is told and recorded; nothing is stopped.",
    Mode.ENFORCE: "This is enforced.",
}
_DOING = {
    "model.use": ("using", "a model"),
    "model.pull": ("downloading", "a model"),
    "model.sign": ("signing", "a model"),
    "model.quarantine": ("putting into quarantine", "a model"),
    "runtime.run": ("running", "a program for models"),
    "listener.serve": ("answering model requests", "by a local server"),
    "listener.ask": ("asking", "a local server which models it has"),
    "agent.run": ("running", "an agent"),
    "command.run": ("starting", "a command"),
    "file.read": ("reading", "a file"),
    "file.write": ("changing", "a file"),
    "host.connect": ("connecting to", "a host"),
    "http.request": ("sending", "a web request"),
    "git.push": ("pushing to", "a git reference"),
    "credential.use": ("using", "a credential"),
    "credential.keep": ("keeping or forgetting", "a credential"),
    "tool.call": ("calling", "a tool"),
    "prompt.send": ("sending", "a prompt to a model"),
    "grant.give": ("approving", "an action"),
    "record.prune": ("forgetting", "old records"),
}
_NOUNS = {
    "action_type": "the kind of action",
    "asked_by": "whoever asks",
    "change": "what becomes of it",
    "context.integrity": "the integrity of what the session has read",
    "context.sensitivity": "the sensitivity of what the session has read",
    "exposure": "its reach",
    "lasts_s": "how long it lasts",
    "installed_by": "what installed it",
    "older_than_days": "their age in days",
    "schema_digest": "the digest of the tool's description",
    "size_bytes": "the size",
    "store": "the store it lies in",
    "uses": "the number of uses",
}
_YES_NO = {
    "remote": ("the model answers elsewhere", "the model answers on this machine"),
    "local": ("the prompt stays on this machine", "the prompt leaves this machine"),
    "raw": ("what passes is not read", "what passes is read"),
    "force": ("commits that were there are dropped", "no commit that was there is dropped"),
    "planned": ("the plan has this call", "the plan does not have this call"),
}
_SEVERAL = {
    "arguments": "argument",
    "credentials": "credential it holds",
    "event_types": "type of record",
    "findings": "finding",
    "formats": "format",
    "hosts": "host it is bound to",
    "models": "model it offers",
    "obligations": "obligation of the license",
    "operations": "GraphQL operation",
    "query": "parameter",
    "signed_by": "verified signature",
    "skills": "skill",
    "tool_servers": "server of tools",
}
_WHERE_KNOWN = " (where that is known)"
_RANKS = {name: words_of(words) for each in ACTION_TYPES for name, words in each.words.items()}
_RANKS |= {"context.integrity": words_of(Integrity), "context.sensitivity": words_of(Sensitivity)}
_OBLIGATIONS = {
    ObligationKind.ROUTE_LOCALLY: "It is answered by a local model.",
    ObligationKind.REDACT: "What is sensitive is taken out before.",
    ObligationKind.RECORD_IN_FULL: "It is recorded in full.",
}


_REFUSED_AS = {
    Manner.HONEST: "The program is told that it is refused, and why.",
    Manner.FAILURE: "To the program it looks as if nobody could be reached.",
    Manner.EMPTY: "The program gets an empty answer.",
}


def of_rule(rule: Rule) -> Sentence:
    """What the rule says, all of it but its name, place and examples."""
    allows = rule.effect is Effect.ALLOW
    pieces: list[Piece] = [_capital(of_actions(rule.action_types)), " ", EFFECTS[rule.effect]]
    if rule.conditions:
        pieces += [" if ", *all_of(rule.conditions, allows=allows)]
    if rule.until is not None:
        pieces.append(f", until {moment(rule.until)}")
    pieces.append(".")
    for each in rule.obligations:
        pieces.append(f" {obligation_words(each)}")
    if rule.mode is not None:
        pieces.append(f" {MODES[rule.mode]}")
    if rule.refused_as is not None:
        pieces.append(f" {_REFUSED_AS[rule.refused_as]}")
    if rule.why is not None:
        pieces += [" Why: ", Value(rule.why, is_prose=True)]
    return tuple(pieces)


def of_exemption(exemption: Exemption) -> Sentence:
    """For what a rule does not count, until when, and because of whom."""
    pieces: list[Piece] = ["The rule ", Value(exemption.rule), " does not count"]
    if exemption.conditions:
        pieces += [
            " if ",
            *all_of(exemption.conditions, allows=True),
        ]
    pieces.append(f", until {moment(exemption.until)}. Asked for by ")
    pieces += [Value(exemption.asked_by, is_prose=True), ", reviewed by "]
    pieces += [Value(exemption.reviewed_by, is_prose=True), ". Why: "]
    return (*pieces, Value(exemption.why, is_prose=True))


def of_actions(action_types: Iterable[str]) -> str:
    """What is done: `using or downloading a model`."""
    wanted = set(action_types)
    by_object: dict[str, list[Sentence]] = {}
    for name, (verb, about) in _DOING.items():
        if name in wanted:
            by_object.setdefault(about, []).append((verb,))
    doing = [(f"{plain(listed(verbs, 'or'))} {about}",) for about, verbs in by_object.items()]
    return plain(listed(doing, "or"))


def condition_words(condition: Condition, *, allows: bool) -> Sentence:
    """`the license is mit or apache-2.0`."""
    pieces = _said(condition.field, condition.test, allows=allows)
    return (*pieces, _WHERE_KNOWN) if condition.ignores_unknown else pieces


def all_of(conditions: Sequence[Condition], *, allows: bool) -> Sentence:
    """All of them; what is at least and at most the same is that."""
    found: list[Sentence] = []
    for each in conditions:
        ends = [
            one for one in conditions if one == replace(each, test=AtMost(getattr(each.test, "value", -1)))
        ]
        if isinstance(each.test, AtLeast) and ends:
            one = _noun(each.field), " is ", Value(_amount(each.field, each.test.value))
            found.append((*one, _WHERE_KNOWN) if each.ignores_unknown else one)
        elif not (
            isinstance(each.test, AtMost) and replace(each, test=AtLeast(each.test.value)) in conditions
        ):
            found.append(condition_words(each, allows=allows))
    return listed(found, "and")


def listed(items: Sequence[Sentence], word: str) -> Sentence:
    """`a, b and c`."""
    pieces: list[Piece] = []
    for number, item in enumerate(items):
        if number:
            pieces.append(f" {word} " if number == len(items) - 1 else ", ")
        pieces += item
    return tuple(pieces)


def plain(sentence: Iterable[Piece], quote: Callable[[Value], str] = lambda value: value.text) -> str:
    """The sentence as text; what somebody else wrote goes through `quote`."""
    return "".join(quote(each) if isinstance(each, Value) else each for each in sentence)


def backquoted(sentence: Iterable[Piece]) -> str:
    """The sentence as text, with values in backquotes and prose in quotation marks."""
    return plain(sentence, lambda value: f"\u201c{value.text}\u201d" if value.is_prose else f"`{value.text}`")


def moment(when: datetime) -> str:
    """A day, which counts to its end, or a time in UTC."""
    day = when.astimezone(UTC)
    if (day.hour, day.minute, day.second, day.microsecond) == (0, 0, 0, 0):
        return f"the end of {day - timedelta(days=1):%Y-%m-%d}"
    return f"{day:%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: int) -> str:
    """`8 hours`."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}{'' if seconds == size else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def _said(field: str, test: Test, *, allows: bool) -> Sentence:
    if field == "agent" and test == Unlike(("*",)):
        return ("a person acts, and no agent",)
    if isinstance(test, Is):
        return (_YES_NO[field][not test.value],)
    if isinstance(test, Like | Unlike):
        return (*_subject(field, is_like=isinstance(test, Like), allows=allows), *_choice(test.patterns))
    match test:
        case AtLeast(value):
            return (f"{_noun(field)} is at least ", Value(_amount(field, value)))
        case AtMost(value):
            return (f"{_noun(field)} is at most ", Value(_amount(field, value)))
        case Before(version):
            return (f"{_noun(field)} is older than ", Value(version))
        case From(version):
            return (f"{_noun(field)} is not older than ", Value(version))


def _subject(field: str, *, is_like: bool, allows: bool) -> Iterator[Piece]:
    """Of several values all must fit to allow, and one is enough to deny or ask (`policy.rule`)."""
    outer, _, name = field.partition(".")
    if outer == "arguments" and name:
        yield from ("every value of " if allows and is_like else "a value of ", "the argument ", Value(name))
        yield " is " if is_like else " is other than "
        return
    if field not in _SEVERAL:
        yield f"{_noun(field)} is {'' if is_like else 'not '}"
        return
    noun, one_is_enough = _SEVERAL[field], field == "signed_by"
    if is_like:
        yield f"{'every' if allows and not one_is_enough else 'any'} {noun} is "
    elif allows or one_is_enough:
        yield f"no {noun} is "
    else:
        yield f"any {noun} is other than "


def _noun(field: str) -> str:
    return _NOUNS.get(field, f"the {field.replace('_', ' ')}")


def _choice(patterns: Sequence[str]) -> Sentence:
    return listed([(Value(each),) for each in patterns], "or")


def _amount(field: str, value: int) -> str:
    if field in _RANKS:
        return _RANKS[field][value]
    if field == "size_bytes":
        return size(value)
    return duration(value) if field == "lasts_s" else str(value)


def size(value: int) -> str:
    """In the largest unit that says it exactly."""
    units = [(1000**power, f"{letter}B") for power, letter in enumerate("KMGT", start=1)]
    units += [(1024**power, f"{letter}iB") for power, letter in enumerate("KMGT", start=1)]
    fitting = [each for each in units if value and value % each[0] == 0]
    size, unit = max(fitting, default=(1, "bytes"))
    return f"{value // size} {unit}"


def obligation_words(obligation: Obligation) -> str:
    """`At most 100 calls per hour.`"""
    if obligation.kind is not ObligationKind.LIMIT:
        return _OBLIGATIONS[obligation.kind]
    amount, unit = f"{obligation.amount}", obligation.unit or ""
    if unit == "usd-micro":
        amount, unit = f"{Decimal(obligation.amount or 0) / 1_000_000:f}", "USD"
    return f"At most {amount} {unit} per {obligation.per}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
