"""`agents.trust`: what tools return and take, and what values must be worth. `trust_words` has the values."""

from collections.abc import Iterator

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Effect
from ringfence.core.labels import Integrity
from ringfence.policy.nodes import Scalar
from ringfence.policy.sections.making import Maker
from ringfence.policy.shapes.amounts import COUNT
from ringfence.policy.shapes.tables import Entry, Key, ListOf, MapOf, Table
from ringfence.policy.shapes.texts import ID, LINE, PROSE, YES_NO, Pattern, Patterns, Text, Word
from ringfence.policy.trust_words import (
    Context,
    Idempotency,
    Requirement,
    Role,
    Store,
    ToolEffect,
    ToolTrust,
    Trust,
    TrustRule,
)

__all__ = ["TRUST", "trust_of"]

_TOOLS = Patterns((FieldKind.NAME,))
_NAME = Text("the name of a field or argument", r"[^\s]{1,200}")
_INTEGRITY = Word(Integrity)
_WHEN = Text("targets_from_prompt", "targets_from_prompt")
_TARGETS = Text("$targets", r"\$targets")
_READERS = Text("a path such as $record.participants", r"\$record(\.[A-Za-z0-9_-]{1,100}){1,8}")

_RESULT = Table(
    "tool-result",
    "What a tool returns.",
    (
        Key("integrity", _INTEGRITY, "how far it may be trusted; default: untrusted"),
        Key("readers", _READERS, "the field of a record that says who may see it"),
    ),
)
_TOOL = Table(
    "tool-trust",
    "One tool. What is left out is taken for the worst.",
    (
        Key("effect", Word(ToolEffect), "read or write; default: write"),
        Key("reversible", YES_NO, "whether it can be undone; default: false"),
        Key(
            "idempotency", Word(Idempotency), "how one finds out whether a call that was cut off has happened"
        ),
        Key("result", _RESULT, "what it returns"),
        Key("fields", MapOf(_NAME, _INTEGRITY), "fields of what it returns that may be trusted differently"),
        Key("key", ListOf(_NAME, or_one=True), "fields by which a person names a record"),
        Key("args", MapOf(_NAME, Word(Role)), "what its arguments decide; others are critical"),
        Key("intent", ListOf(_NAME, or_one=True), "what a plan must hold for a call"),
        Key("schema_digest", LINE, "SHA-256 of the description that was approved"),
    ),
)
_STORE = Table(
    "store",
    "Something that tools write and read back: labels follow through it.",
    (
        Key("written_by", _TOOLS, "tools that write it", needed=True),
        Key("read_by", _TOOLS, "tools that read it", needed=True),
    ),
)
_REQUIREMENT_KEYS = (
    Key("min", _INTEGRITY, "at least this integrity"),
    Key("designated", YES_NO, "taken from a record that the user named"),
    Key("created_in_session", YES_NO, "made in this session"),
    Key("planned", YES_NO, "in the plan that was made before anything was read"),
    Key("derived_at_most", COUNT, "a number that was worked out, up to this"),
    Key("when", _WHEN, "only if the user named all targets of the call"),
    Key("readers_include", _TARGETS, "everybody that the call reaches may read it"),
    Key("no_untrusted_urls", YES_NO, "no address in it comes from what is not trusted"),
)
_REQUIREMENT = Table("requirement", "What a value must be worth: all that is named.", _REQUIREMENT_KEYS)
_REQUIRE = Table(
    "requirements",
    "All that is named, or any of several.",
    (*_REQUIREMENT_KEYS, Key("any", ListOf(_REQUIREMENT), "one of these is enough")),
)
_RULE = Table(
    "trust-rule",
    "What arguments must be worth.",
    (
        Key("id", ID, "what the rule is called", needed=True),
        Key("effect", Word(ToolEffect), "only tools that read, or write"),
        Key(
            "role",
            ListOf(Word(Role), or_one=True),
            "only arguments that decide this; default: the whole call",
        ),
        Key("require", _REQUIRE, "what they must be worth"),
        Key("then", Word(Effect), "what happens if they are"),
        Key("else", Word(Effect), "what happens if they are not"),
        Key("why", PROSE, "told to whoever meets the rule"),
    ),
)
_CONTEXT = Table(
    "context",
    "What is taken away once a session has read something of this integrity.",
    (
        Key("drop", _TOOLS, "tools that can no longer be called"),
        Key("max_writes", COUNT, "how many calls that write are left"),
    ),
)
TRUST = Table(
    "trust",
    "What values must be worth before a tool is called with them.",
    (
        Key("tools", MapOf(Pattern((FieldKind.NAME,)), _TOOL), "tools, as server.tool"),
        Key("stores", MapOf(_NAME, _STORE), "what tools write and read back"),
        Key("rules", ListOf(_RULE), "what arguments must be worth"),
        Key("context", MapOf(_INTEGRITY, _CONTEXT), "what a session loses by what it has read"),
    ),
)


def trust_of(entry: Entry, maker: Maker) -> Trust:
    """The section as values."""
    return Trust(
        tools=tuple(_tool(name, each, maker) for name, each in entry.get("tools") or ()),
        stores=tuple(
            Store(
                name=name.text,
                written_by=_texts(each, "written_by"),
                read_by=_texts(each, "read_by"),
                at=maker.place(name),
            )
            for name, each in entry.get("stores") or ()
        ),
        rules=tuple(_rules(entry, maker)),
        contexts=tuple(
            Context(
                integrity=Integrity[name.text.upper()],
                drop=_texts(each, "drop"),
                max_writes=each.get("max_writes"),
                at=maker.place(name),
            )
            for name, each in entry.get("context") or ()
        ),
    )


def _tool(name: Scalar, entry: Entry, maker: Maker) -> ToolTrust:
    result: Entry | None = entry.get("result")
    said = entry.values
    return ToolTrust(
        name=name.text,
        effect=said.get("effect", ToolEffect.WRITE),
        reversible=said.get("reversible", False),
        idempotency=said.get("idempotency", Idempotency.NONE),
        integrity=result.values.get("integrity", Integrity.UNTRUSTED) if result else Integrity.UNTRUSTED,
        readers=result.get("readers") if result else None,
        fields={key.text: value for key, value in said.get("fields", ())},
        key=said.get("key", ()),
        args={key.text: value for key, value in said.get("args", ())},
        intent=said.get("intent", ()),
        schema_digest=said.get("schema_digest"),
        at=maker.place(name),
    )


def _rules(entry: Entry, maker: Maker) -> Iterator[TrustRule]:
    for each in entry.get("rules") or ():
        if each.get("then") is None and each.get("else") is None:
            maker.problems.add(each, "a rule without a say", hint="add `then`, `else`, or both")
        yield TrustRule(
            id=maker.id_of(each, each),
            effect=each.get("effect"),
            roles=each.get("role") or (),
            require=_requirements(each.get("require")),
            then=each.get("then"),
            otherwise=each.get("else"),
            why=each.get("why"),
            at=maker.place(each),
        )


def _requirements(entry: Entry | None) -> tuple[Requirement, ...]:
    """One of these must be met; what stands beside `any` must be met with each."""
    if entry is None:
        return ()
    shared = {key: value for key, value in entry.values.items() if key != "any"}
    choices: tuple[Entry, ...] = entry.get("any") or ()
    if not choices:
        return (Requirement(**shared),)
    return tuple(Requirement(**{**shared, **each.values}) for each in choices)


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    return tuple(each.text for each in entry.get(key) or ())
