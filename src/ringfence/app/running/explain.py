"""What a box would be, and which line of the policy says so; nothing runs."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ringfence.app.running.explained_tools import ExplainedTools, tools_of
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Place
from ringfence.core.redaction import redact
from ringfence.policy.policy import Policy
from ringfence.policy.sandboxing import sandboxing
from ringfence.policy.values import BOUNDS
from ringfence.sandbox.linux.seccomp.calls import CALLS, DEBUGGING, Fate
from ringfence.sandbox.plan import Mount, MountKind, Plan
from ringfence.sandbox.planning.making import DEFAULTS
from ringfence.sandbox.planning.system_files import SETTINGS, SYSTEM
from ringfence.sandbox.planning.view import HIDING
from ringfence.sandbox.planning.wanted import Planned

__all__ = [
    "EVERY_BOX",
    "Explained",
    "ExplainedCalls",
    "ExplainedLimit",
    "ExplainedPlace",
    "ExplainedPort",
    "ExplainedVariable",
    "NotGiven",
    "Part",
    "explained",
]

EVERY_BOX = "what every box has"


class Part(StrEnum):
    """What a place of the box is for the command."""

    WRITTEN = "read-write"
    READ = "read-only"
    PROTECTED = "protected"  # in what it may write, and read-only all the same, or a private copy
    HIDDEN = "hidden"  # empty for the command
    OWN = "the box's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedPlace:
    """One place."""

    path: Path
    part: Part
    kind: str  # how it is made: read-only, memory, symbolic link …
    source: Path | None  # of the host, or where a link leads
    why: str
    at: str | None  # the policy's file and line


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLimit:
    """One bound."""

    name: str  # as the policy's key: memory, processes …
    amount: int | None  # bytes, seconds or a number; None: the machine's own
    why: str
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedVariable:
    """One variable of the environment, without its value."""

    name: str
    why: str
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedPort:
    """A port of the machine's loopback that leads into the box."""

    port: int  # within
    host_port: int
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedCalls:
    """How many system calls of the table meet the same fate."""

    fate: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotGiven:
    """What the policy names and the box does not have at its start."""

    path: str
    reason: str
    why: str
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A box that was not made."""

    started_at: datetime  # UTC
    complete: bool
    agent: str  # empty: a command of nobody's profile
    program: Path
    arguments: tuple[str, ...]  # values that look secret are cut
    folder: Path
    home: Path  # within
    user: str
    user_id: int  # within
    host_user_id: int
    places: tuple[ExplainedPlace, ...]  # in the order in which they are mounted
    not_given: tuple[NotGiven, ...]
    network: str
    published: tuple[ExplainedPort, ...]
    tools: tuple[ExplainedTools, ...]  # what rules say of tools, in the policy's order
    calls: tuple[ExplainedCalls, ...]
    debug: bool  # it may trace its own children
    debug_at: str | None
    limits: tuple[ExplainedLimit, ...]
    environment: tuple[ExplainedVariable, ...]
    may_lack: tuple[str, ...]  # layers that it would start without


def explained(
    planned: Planned, policy: Policy, *, machine: str, started_at: datetime, server: str | None = None
) -> Explained:
    """The plan in words and numbers. `machine`: as `os.uname()` says, whose table of system calls holds.

    `server` is the name of the tool server that the command is.
    """
    plan, command = planned.plan, planned.command
    return Explained(
        started_at=started_at,
        complete=True,
        agent=plan.agent,
        program=Path(command.program),
        arguments=redact(command.arguments)[1:],
        folder=Path(plan.folder),
        home=Path(dict(command.environment)["HOME"]),
        user=plan.identity.name,
        user_id=plan.identity.uid,
        host_user_id=plan.identity.host_uid,
        places=tuple(_places(plan)),
        not_given=tuple(
            NotGiven(path=each.path, reason=each.reason.value, why=each.why.text, at=_at(each.why.place))
            for each in planned.withheld
        ),
        network=_network(plan),
        published=tuple(
            ExplainedPort(port=each.port, host_port=each.host_port, at=_at(each.why.place))
            for each in plan.published
        ),
        tools=tuple(tools_of(policy, plan.agent, server)),
        calls=_calls(machine, debug=plan.debug),
        debug=plan.debug,
        debug_at=_at(plan.debug_why.place) if plan.debug_why else None,
        limits=tuple(_limits(plan, policy)),
        environment=tuple(_environment(planned, policy)),
        may_lack=tuple(sorted(plan.may_lack)),
    )


def _at(place: Place | None) -> str | None:
    return None if place is None else str(place)


def _places(plan: Plan) -> Iterator[ExplainedPlace]:
    written: dict[str, str | None] = {}
    for each in plan.mounts:
        part = _part(each, written)
        if part is Part.WRITTEN:
            written[each.target] = each.source
        yield ExplainedPlace(
            path=Path(each.target),
            part=part,
            kind=each.kind.value,
            source=Path(each.source) if each.source else None,
            why=each.why.text,
            at=_at(each.why.place),
        )


def _part(mount: Mount, written: dict[str, str | None]) -> Part:
    """`written`: places that the command may write so far, with what of the host stands there."""
    if mount.kind in HIDING:
        return Part.HIDDEN
    if mount.kind is MountKind.WRITE:
        return Part.WRITTEN
    if mount.kind is MountKind.LINK_OVER:
        return Part.PROTECTED
    if mount.kind is not MountKind.READ:
        return Part.READ if mount.why in (SYSTEM, SETTINGS) else Part.OWN
    over = (str(each) for each in (Path(mount.target), *Path(mount.target).parents))
    nearest = next((each for each in over if each in written), None)
    return Part.PROTECTED if nearest is not None and written[nearest] == nearest else Part.READ


def _calls(machine: str, *, debug: bool) -> tuple[ExplainedCalls, ...]:
    fates = Counter(
        Fate.ALLOW if debug and name in DEBUGGING else call.fate
        for name, call in CALLS.items()
        if call.number(machine) is not None
    )
    return tuple(ExplainedCalls(fate=fate.value, count=fates[fate]) for fate in Fate if fates[fate])


def _network(plan: Plan) -> str:
    if plan.network is None:
        return "none; programs in the box reach each other" if plan.loopback else "none"
    ports = ", ".join(str(port) for port in sorted({53, 80, 443, *plan.network.ports}))
    every = "every TCP port, or where the kernel cannot, at " if plan.network.catch_all else ""
    own = ", ".join(map(str, plan.network.own_ports))
    there = f"; at localhost, {own} lead out as well" if own else ""
    return f"no way out; ringfence answers at {every}{ports}{there}"


def _limits(plan: Plan, policy: Policy) -> Iterator[ExplainedLimit]:
    said = sandboxing(policy.document, plan.agent)
    for field, name in BOUNDS.items():
        bound = said.bounds.get(field)
        amount: int | None = getattr(plan.limits, field)
        default = EVERY_BOX if getattr(DEFAULTS, field) is not None else "the machine's own"
        why = f"sandbox.{name}" if bound else default
        yield ExplainedLimit(name=name, amount=amount, why=why, at=_at(bound.at) if bound else None)


def _environment(planned: Planned, policy: Policy) -> Iterator[ExplainedVariable]:
    said = sandboxing(policy.document, planned.plan.agent)
    for name, _ in planned.command.environment:
        handed = said.handed(name)
        why = EVERY_BOX if handed is None else "sandbox.environment"
        yield ExplainedVariable(name=name, why=why, at=_at(handed.at) if handed else None)
