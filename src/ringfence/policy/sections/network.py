"""A profile's `network` and `git`: which hosts, what is asked of them, and what is pushed there."""

from collections.abc import Iterator

from ringfence.core.actions import FieldKind, GitChange
from ringfence.core.decisions import Effect
from ringfence.policy.rule import Condition, Is, Rule
from ringfence.policy.sections.making import COMMON, Maker
from ringfence.policy.sections.rule_form import REFUSED_AS, check_refused_as
from ringfence.policy.shapes.conditions import conditions_of, like, match_keys
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import YES_NO, Patterns, Word, Worded

__all__ = [
    "GIT",
    "HOST",
    "METHODS",
    "NETWORK",
    "PATHS",
    "THEN",
    "network_rules",
    "push_rules",
    "request_conditions",
]

_HTTP = {each.name: each for each in match_keys(("http.request",))}
_PUSHED = {each.name: each for each in match_keys(("git.push",))}

HOST = _HTTP["host"].shape
THEN = Key("then", Word(Effect), "what happens: allow, ask or deny; default: allow")
METHODS = Key("methods", Patterns((FieldKind.TEXT,)), "methods, in capitals; default: all")
PATHS = Key("paths", Patterns((FieldKind.NAME,)), "paths; default: all")
_PORT = Key("port", _HTTP["port"].shape, "the port; default: all")
_PROGRAM = Key("program", _HTTP["program"].shape, "the program that asks, where that is known; default: any")

NETWORK = Table(
    "network",
    "Hosts, and what may be asked of them. An ask that tells no requests apart is about connections alone.",
    (
        *COMMON,
        Key("host", HOST, "the host"),
        _PORT,
        METHODS,
        PATHS,
        Key(
            "query", Patterns((FieldKind.TEXT,)), "parameters as name=value; all that a request has must fit"
        ),
        Key(
            "operations",
            Patterns((FieldKind.TEXT,)),
            "GraphQL operations: query.viewer, mutation.*; all that a request has must fit",
        ),
        _PROGRAM,
        Key("raw", YES_NO, "whether all bytes pass, whatever they are, and nobody reads them"),
        THEN,
        REFUSED_AS,
    ),
)
_PUSH = Table(
    "push",
    "References that may be pushed to. What git asks of the host for that is allowed along with it.",
    (
        *COMMON,
        Key("host", HOST, "the host", needed=True),
        _PORT,
        Key("repository", Patterns((FieldKind.NAME,)), "its path without .git: /org/repo", needed=True),
        Key("ref", _PUSHED["ref"].shape, "references: refs/heads/agent/**; default: all"),
        Key(
            "change",
            _PUSHED["change"].shape,
            "create, update or delete; default: the first two, of a denial all",
        ),
        Key(
            "force",
            YES_NO,
            "whether commits that were there may be dropped; default: false. Of a denial: only such pushes",
        ),
        _PROGRAM,
        THEN,
    ),
)
GIT = Table("git", "What is asked of git repositories.", (Key("push", ListOf(_PUSH), "what may be pushed"),))

_ASKED = {"methods": "method", "paths": "path", "query": "query", "operations": "operations"}
_GIT_ENDS = ("/info/refs", ".git/info/refs", "/git-receive-pack", ".git/git-receive-pack")
_CHANGES = like("change", GitChange.CREATE.value, GitChange.UPDATE.value)
_KEEPS = Condition(field="force", test=Is(False))
_FORCES = Condition(field="force", test=Is(True))


def network_rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """A rule on connections and one on requests; of what nobody reads, on connections alone.

    What narrows requests down says nothing of the connection, which is allowed so that the request can be
    asked about or refused; and where only the host is asked about, one answer serves all requests to it.
    """
    effect: Effect = entry.get("then") or Effect.ALLOW
    where, what = conditions_of(entry, ("host", "port", "program")), request_conditions(entry)
    if not conditions_of(entry, ("host", "port")) and not what:
        maker.problems.add(entry, "an entry without a host", hint="add `host`; `*` for any")
    check_refused_as(entry, effect, maker)
    if entry.get("raw"):
        if what:
            hint = "remove " + ", ".join(f"`{key}`" for key in _ASKED if entry.get(key))
            maker.problems.add(entry.at("raw"), "what nobody reads has no requests", hint=hint)
        raw = (*where, Condition(field="raw", test=Is(True)))
        yield maker.rule(entry, entry=entry, types=("host.connect",), conditions=raw, effect=effect)
        return
    connecting = Effect.ALLOW if what and effect is Effect.ASK else effect
    requesting = Effect.ALLOW if not what and effect is Effect.ASK else effect
    if not (what and effect is Effect.DENY):
        yield maker.rule(entry, entry=entry, types=("host.connect",), conditions=where, effect=connecting)
    yield maker.rule(
        entry,
        entry=entry,
        part="http",
        types=("http.request",),
        conditions=where + what,
        effect=requesting,
    )


def push_rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """A rule on pushes; and on the way to one that is not denied, of its connection and its requests."""
    effect: Effect = entry.get("then") or Effect.ALLOW
    where = conditions_of(entry, ("host", "port", "program"))
    repositories: tuple[Worded, ...] = entry.get("repository")
    for each in repositories:
        if each.text[0] not in "/*":
            maker.problems.add(each, "a repository's path begins with `/`", hint="write /org/repo")
    names = tuple(each.text for each in repositories)
    what = (like("repository", *names), *conditions_of(entry, ("ref", "change")))
    more: list[Condition] = []
    if effect is not Effect.DENY:
        more += () if entry.get("change") else (_CHANGES,)
        more += () if entry.get("force") else (_KEEPS,)
    elif entry.get("force"):
        more.append(_FORCES)
    yield maker.rule(
        entry, entry=entry, types=("git.push",), conditions=(*where, *what, *more), effect=effect
    )
    if effect is Effect.DENY:
        return
    paths = like("path", *(f"{name}{end}" for name in names for end in _GIT_ENDS))
    requests = (like("method", "GET", "POST"), paths)
    for part, type_, asked in (("connect", "host.connect", ()), ("http", "http.request", requests)):
        yield maker.rule(
            entry,
            entry=entry,
            part=part,
            types=(type_,),
            conditions=(*where, *asked),
            effect=Effect.ALLOW,
        )


def request_conditions(entry: Entry) -> tuple[Condition, ...]:
    """What methods, paths, parameters and operations ask for."""
    found = []
    for key, field in _ASKED.items():
        patterns: tuple[Worded, ...] | None = entry.get(key)
        if patterns:
            found.append(like(field, *(each.text for each in patterns)))
    return tuple(found)
