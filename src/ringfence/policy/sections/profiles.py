"""Agents' profiles: what one agent may do, each entry a rule for it alone."""

from collections.abc import Iterator

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Effect, Section
from ringfence.policy.nodes import Scalar
from ringfence.policy.rule import Condition, Like, Rule
from ringfence.policy.sections.egress import EGRESS, egress_of
from ringfence.policy.sections.making import COMMON, Maker
from ringfence.policy.sections.network import (
    GIT,
    HOST,
    METHODS,
    NETWORK,
    PATHS,
    THEN,
    network_rules,
    push_rules,
    request_conditions,
)
from ringfence.policy.sections.pattern_lists import pattern_keys, pattern_rules
from ringfence.policy.sections.rule_form import OBLIGATIONS, rules_key, rules_of
from ringfence.policy.sections.sandbox import SANDBOX, sandbox_of
from ringfence.policy.sections.upstream import upstream_rules
from ringfence.policy.shapes.amounts import MOMENT, Cap, CapUnit
from ringfence.policy.shapes.conditions import conditions_of, match_keys
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import LINE, Patterns
from ringfence.policy.values import Profile

__all__ = ["PROFILE", "profile_of", "profile_rules"]

_TOOL = {each.name: each for each in match_keys(("tool.call",))}
_CREDENTIAL = Table(
    "credential",
    "A secret that the broker puts into requests; the agent never sees it.",
    (
        *COMMON,
        Key("name", Patterns((FieldKind.NAME,)), "the credential", needed=True),
        Key("host", HOST, "the host", needed=True),
        METHODS,
        PATHS,
        Key("spend", Cap(CapUnit.MONEY), "what it may cost"),
        Key("rate", Cap(CapUnit.CALLS), "how often it may be used"),
        THEN,
    ),
)
_TOOL_ENTRY = Table(
    "tool",
    "Tools, and with which arguments: all facts given must fit.",
    (
        *COMMON,
        *(_TOOL[name] for name in ("server", "tool", "arguments", "planned", "context")),
        OBLIGATIONS,
        THEN,
    ),
)
_FILES = {
    "read": "files it may read: absolute, or below the working tree",
    "write": "files it may make, change and remove",
    "ask": "files that an operator is asked about, to read and to write",
    "deny": "files that it may neither read nor write",
}
_COMMANDS = {
    "allow": "programs it may start",
    "ask": "programs that an operator is asked about",
    "deny": "programs it may not start",
}

PROFILE = Table(
    "profile",
    "What one agent may do. Its name is a pattern; every entry is a rule for it alone.",
    (
        Key("owner", LINE, "who answers for it"),
        Key("approved_until", MOMENT, "it may run until then; without this, `rules` must allow agent.run"),
        Key("files", Table("files", "Files, by pattern.", pattern_keys(FieldKind.PATH, _FILES)), "files"),
        Key(
            "commands",
            Table("commands", "Programs, by pattern.", pattern_keys(FieldKind.PATH, _COMMANDS)),
            "commands",
        ),
        Key("network", ListOf(NETWORK), "where it may connect to"),
        Key("git", GIT, "what it may push to git repositories"),
        Key("credentials", ListOf(_CREDENTIAL), "which secrets are used for it, and for what"),
        Key("tools", ListOf(_TOOL_ENTRY), "which tools it may call"),
        Key("sandbox", SANDBOX, "what its box may use"),
        Key("egress", EGRESS, "how it gets out, and how much"),
        rules_key(Section.AGENTS),
    ),
)


def profile_of(name: Scalar, entry: Entry, maker: Maker) -> Profile:
    """The profile as a value."""
    return Profile(
        agent=name.text,
        owner=entry.get("owner"),
        approved_until=entry.get("approved_until"),
        at=maker.place(name),
        tier=maker.tier,
        sandbox=sandbox_of(entry.get("sandbox"), maker),
        egress=egress_of(entry.get("egress"), maker),
    )


def profile_rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What a profile comes down to; `maker` adds that the agent is this one."""
    until = entry.get("approved_until")
    if until is not None:
        at = entry.at("approved_until")
        yield maker.rule(at, types=("agent.run",), conditions=(), effect=Effect.ALLOW, until=until)
    files: Entry | None = entry.get("files")
    if files is not None:
        both = ("file.read", "file.write")
        for types, effects in (
            (("file.read",), {"read": Effect.ALLOW}),
            (("file.write",), {"write": Effect.ALLOW}),
            (both, {"ask": Effect.ASK, "deny": Effect.DENY}),
        ):
            yield from pattern_rules(files, maker, effects=effects, types=types, field="path")
    commands: Entry | None = entry.get("commands")
    if commands is not None:
        effects = {each.value: each for each in Effect}
        yield from pattern_rules(commands, maker, effects=effects, types=("command.run",), field="program")
    for each in entry.get("network") or ():
        yield from network_rules(each, maker)
    git: Entry | None = entry.get("git")
    for each in (git.get("push") or ()) if git is not None else ():
        yield from push_rules(each, maker)
    for each in entry.get("credentials") or ():
        yield _credential(each, maker)
    for each in entry.get("tools") or ():
        yield maker.rule(
            each,
            entry=each,
            types=("tool.call",),
            conditions=conditions_of(each, tuple(_TOOL)),
            effect=each.get("then") or Effect.ALLOW,
            obligations=each.get("obligations") or (),
        )
    yield from upstream_rules(entry.get("egress"), maker)
    yield from rules_of(entry.get("rules"), maker)


def _credential(entry: Entry, maker: Maker) -> Rule:
    name = Condition(field="credential", test=Like(tuple(each.text for each in entry.get("name"))))
    caps = tuple(cap for key in ("spend", "rate") if (cap := entry.get(key)) is not None)
    return maker.rule(
        entry,
        entry=entry,
        types=("credential.use",),
        conditions=(name, *conditions_of(entry, ("host",)), *request_conditions(entry)),
        effect=entry.get("then") or Effect.ALLOW,
        obligations=caps,
    )
