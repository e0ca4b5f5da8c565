"""What was learned, as a policy document: one line for each thing, with how often and when as a comment.

All that a box chose is written as JSON, which YAML reads as it is, in ASCII: no text of anybody's ends a
line.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from ringfence.app.learning.heard import Called, Heard, Left, Pushed, Server, Times
from ringfence.app.learning.sparing import Entry, entries, escaped
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable

__all__ = ["Learned", "learned"]

_HTTPS = 443
_TOLD = 20  # reasons that are written; the others are counted
_ABOUT_CHARS = 80
_STAYS = "      egress: {built_in: true}  # its own hosts stay, beside these"
_HEAD = """\
# Proposed from session SESSION: what was refused there because no rule is for it, and nothing else.
# Whoever ran in the box chose what it asked for: read each line before you take it over.
version: 1
agents:
  profiles:
"""

KeyT = TypeVar("KeyT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A proposal."""

    document: str | None  # YAML; None: there is nothing to propose
    left_out: tuple[str, ...]  # comments: what is not in it, and why

    @property
    def text(self) -> str:
        """All of it, as it is written down."""
        left = "".join(f"# - {each}\n" for each in self.left_out)
        return (self.document or "") + (f"# Left out:\n{left}" if left else "")


def learned(heard: Heard, *, agent: str, session: str, stays: bool) -> Learned:
    """The proposal for that agent. `stays`: what is built in of it counts now, and is to go on."""
    left = [_left(each, times) for each, times in _most(heard.left)]
    network, git = list(_network(heard, left)), list(_pushes(heard))
    tools = [_tool(called, times) for called, times in _sorted(heard.calls)[: LIMITS.learned_hosts]]
    parts = [
        *([_STAYS] if stays and (network or git) else []),
        *_part("      network:", network),
        *_part("      git:\n        push:", git),
        *_part("      tools:", tools),
    ]
    if not parts:
        return Learned(document=None, left_out=tuple(left))
    head = f"{_HEAD.replace('SESSION', session)}    {json.dumps(escaped(agent))}:"
    return Learned(document="\n".join([head, *parts, ""]), left_out=tuple(left))


def _network(heard: Heard, left: list[str]) -> Iterator[str]:
    """The servers that were asked most, each with its entries."""
    by_count = sorted(
        heard.requests, key=lambda each: (-sum(one.count for one in heard.requests[each].values()), each)
    )
    for server in sorted(by_count[: LIMITS.learned_hosts]):
        found, more = entries(heard.requests[server])
        yield from (_request(server, each) for each in found)
        if more:
            left.append(f"{_quoted(server[0])}: {more} more paths, which were asked for less often")
    if by_count[LIMITS.learned_hosts :]:
        left.append(f"{len(by_count) - LIMITS.learned_hosts} more hosts, which were asked less often")


def _request(server: Server, entry: Entry) -> str:
    facts: dict[str, object] = {
        **_place(server),
        "methods": entry.methods,
        "paths": entry.paths,
    }
    if entry.names:
        facts["query"] = [f"{escaped(each)}=*" for each in entry.names]
    if entry.operations:
        facts["operations"] = [escaped(each) for each in entry.operations]
    return _line("        ", facts, entry.times)


def _pushes(heard: Heard) -> Iterator[str]:
    for server in sorted(heard.pushes)[: LIMITS.learned_hosts]:
        for pushed, times in _sorted(heard.pushes[server])[: LIMITS.learned_entries]:
            yield _push(server, pushed, times)


def _push(server: Server, pushed: Pushed, times: Times) -> str:
    facts: dict[str, object] = {**_place(server), "repository": escaped(pushed.repository)}
    if pushed.ref is not None:
        facts["ref"] = escaped(pushed.ref)
    return _line("          ", {**facts, "then": "ask"}, times)


def _tool(called: Called, times: Times) -> str:
    facts = {"server": escaped(called.server), "tool": escaped(called.tool), "then": "ask"}
    return _line("        ", facts, times)


def _place(server: Server) -> dict[str, object]:
    host, port = server
    return {"host": host} if port == _HTTPS else {"host": host, "port": port}


def _part(name: str, lines: list[str]) -> list[str]:
    return [name, *lines] if lines else []


def _line(indent: str, facts: Mapping[str, object], times: Times) -> str:
    said = ", ".join(f"{key}: {json.dumps(value)}" for key, value in facts.items())
    return f"{indent}- {{{said}}}  # {_times(times)}"


def _times(times: Times) -> str:
    first, last = _moment(times.first), _moment(times.last)
    when = f"at {first}" if first == last else f"from {first} to {last}"
    return f"{times.count} time{'' if times.count == 1 else 's'}, {when}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _sorted(found: Mapping[KeyT, Times]) -> list[tuple[KeyT, Times]]:
    """The most frequent first."""
    return sorted(found.items(), key=lambda each: (-each[1].count, repr(each[0])))


def _most(left: Mapping[Left, int]) -> Iterator[tuple[Left, int]]:
    found = sorted(left.items(), key=lambda each: (-each[1], each[0].about, each[0].why))
    yield from found[:_TOLD]
    if found[_TOLD:]:
        more = Left(about="others", why=f"{len(found) - _TOLD} more things, for reasons as these")
        yield more, sum(times for _, times in found[_TOLD:])


def _left(left: Left, times: int) -> str:
    return f"{_quoted(left.about)}: {printable(left.why)}, {times} time{'' if times == 1 else 's'}"


def _quoted(text: str) -> str:
    return json.dumps(clip(text, chars=_ABOUT_CHARS))
