"""A push: the references it changes, with what is known of its history; and git's own refusal of it.

Source: git's gitprotocol-pack(5), "Reference Update Request" and "Report Status".
"""

import re

from ringfence.core.actions import GitChange
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.git.ancestry import is_before
from ringfence.protocols.git.packs import Known, known_commits
from ringfence.protocols.git.pkt_lines import FLUSH, Cut, Lines, line
from ringfence.protocols.http import BadHttp, Headers

__all__ = ["Push", "Update", "push", "refusal"]

_COMMAND = re.compile(rb"([0-9a-f]{40}(?:[0-9a-f]{24})?) ([0-9a-f]{40}(?:[0-9a-f]{24})?) ([^\x00-\x20\x7f]+)")
# What git itself takes for no reference (git-check-ref-format), and HEAD, which leads to another one.
_NO_REF = re.compile(r"\.\.|@\{|//|/\.|[~^:?*\[\\]|\.lock(?:/|$)|[/.]$")
_BRANCHES = "refs/heads/"
_SHORTEST_SIDE_BAND, _WHY_CHARS = 900, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What becomes of one reference."""

    ref: str
    change: GitChange
    force: bool | None  # what it named may be lost; None: nobody can tell from the push alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """All that a push changes; nothing where it only asks whether it would be let in."""

    updates: tuple[Update, ...]
    capabilities: frozenset[str]


def push(body: bytes) -> Push:
    """The push that begins so: its commands whole, of its pack as much as there is.

    Raises:
        BadHttp: it is none, is signed, or has more commands than are read.
    """
    lines = Lines(body)
    commands: list[tuple[str, str, str]] = []
    capabilities: frozenset[str] = frozenset()
    while (each := lines.next()) is not None:
        if each.startswith(b"shallow ") and not commands:
            continue
        if each.startswith(b"push-cert"):
            raise BadHttp("a signed push, which is not looked into; push without --signed")
        text, mark, said = each.partition(b"\0")
        if mark and commands:
            raise BadHttp("a push that is none")
        if mark:
            capabilities = frozenset(said.decode("latin-1").split())
        commands.append(_command(text))
        if len(commands) > LIMITS.git_commands:
            raise BadHttp(f"a push to more than {LIMITS.git_commands} references")
    if len({ref for *_, ref in commands}) < len(commands):
        raise BadHttp("a push with two commands for one reference")
    known = _known(lines, commands, capabilities)
    return Push(updates=tuple(_update(each, known) for each in commands), capabilities=capabilities)


def refusal(asked: Push, why: str) -> tuple[Headers, bytes]:
    """An answer with status 200, by which git tells its user why each reference was not pushed to.

    `why` is shown as it is. Git shows it only where `asked.capabilities` has `report-status`.
    """
    told = "".join(each for each in why if each.isprintable())[:_WHY_CHARS].encode()
    report = line(b"unpack ok\n")
    report += b"".join(line(b"ng %s %s\n" % (each.ref.encode(), told)) for each in asked.updates) + FLUSH
    if asked.capabilities & {"side-band-64k", "side-band"}:
        pieces = range(0, len(report), _SHORTEST_SIDE_BAND)
        report = b"".join(line(b"\1" + report[at : at + _SHORTEST_SIDE_BAND]) for at in pieces) + FLUSH
    headers = (("content-type", "application/x-git-receive-pack-result"), ("cache-control", "no-cache"))
    return Headers(headers), report


def _command(text: bytes) -> tuple[str, str, str]:
    found = _COMMAND.fullmatch(text.removesuffix(b"\n"))
    if found is None or len(found[1]) != len(found[2]):
        raise BadHttp("a push with a command that is none")
    try:
        old, new, ref = (each.decode() for each in found.groups())
    except UnicodeDecodeError:
        raise BadHttp("a push to a reference whose name is no UTF-8") from None
    if not ref.startswith("refs/") or _NO_REF.search(ref):
        raise BadHttp("a push to a reference whose name is none")
    return old, new, ref


def _known(lines: Lines, commands: list[tuple[str, str, str]], capabilities: frozenset[str]) -> Known:
    nothing = Known(parents={}, tags={}, is_all=False)
    if not any(set(old) != {"0"} and set(new) != {"0"} for old, new, _ in commands):
        return nothing
    if "push-options" in capabilities:
        try:
            while lines.next() is not None:
                pass
        except Cut:
            return nothing
    is_sha256 = "object-format=sha256" in capabilities
    return known_commits(lines.data, at=lines.at, hash_name="sha256" if is_sha256 else "sha1")


def _update(command: tuple[str, str, str], known: Known) -> Update:
    old, new, ref = command
    if set(new) == {"0"}:
        return Update(ref=ref, change=GitChange.DELETE, force=True)
    if set(old) == {"0"}:
        return Update(ref=ref, change=GitChange.CREATE, force=False)
    force = True  # what is no branch is not meant to move
    if ref.startswith(_BRANCHES):
        before = is_before(old, new, known)
        return Update(ref=ref, change=GitChange.UPDATE, force=None if before is None else not before)
    return Update(ref=ref, change=GitChange.UPDATE, force=force)
