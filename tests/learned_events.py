"""Recorded refusals, as a session's stream has them, for tests of what is learned from it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ringfence.app.learning.document import Learned, learned
from ringfence.app.learning.heard import heard
from ringfence.core.decisions import Decision, Effect, Mode, Place, Reason, Section
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.ledger import Position, Recorded
from ringfence.ledger.values import Facts

__all__ = ["call", "connect", "decision", "learn", "push", "recorded", "request"]

_BEGAN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def decision(
    facts: Facts, *, rule: str | None = None, effect: Effect = Effect.DENY, proceeds: bool = False
) -> DecisionMade:
    """One; without a rule it is denied because nothing allows it."""
    reason = Reason(
        section=Section.AGENTS,
        effect=effect,
        mode=Mode.ENFORCE,
        rule=rule,
        at=Place(file="ringfence.yaml", line=9) if rule else None,
    )
    made = Decision(effect=effect, mode=Mode.ENFORCE, reasons=(reason,), policy_digest="ab" * 32)
    return DecisionMade(action={"agent": "claude", "session": "s", **facts}, decision=made, proceeds=proceeds)


def request(
    host: str, path: str, method: str = "GET", *, port: int = 443, query: Iterable[str] = (), **more: object
) -> DecisionMade:
    """A request that no rule is for."""
    facts = {"action": "http.request", "host": host, "port": port, "method": method, "path": path}
    return decision({**facts, "query": [*query], "operations": [], **more})  # type: ignore[dict-item]


def connect(host: str, *, raw: bool = False) -> DecisionMade:
    """A connection that no rule is for."""
    return decision({"action": "host.connect", "host": host, "port": 443, "raw": raw})


def push(
    host: str, repository: str, ref: str, *, force: bool = False, change: str = "update"
) -> DecisionMade:
    """A push that no rule is for."""
    facts = {"action": "git.push", "host": host, "port": 443, "repository": repository, "ref": ref}
    return decision({**facts, "change": change, "force": force})


def call(server: str, tool: str) -> DecisionMade:
    """A call of a tool that no rule is for."""
    return decision({"action": "tool.call", "server": server, "tool": tool, "arguments": []})


def recorded(*events: DecisionMade | EgressRefused) -> list[Recorded]:
    """In a stream, a second after each other."""
    return [
        Recorded(
            position=Position(stream="session/s", seq=number + 1, hash=b""),
            ordinal=number,
            at=_BEGAN + timedelta(seconds=number),
            type=each.TYPE,
            event=each,
        )
        for number, each in enumerate(events)
    ]


def learn(*events: DecisionMade | EgressRefused, agent: str = "claude", stays: bool = False) -> Learned:
    """What they teach."""
    return learned(heard(recorded(*events)), agent=agent, session="2c46bcc7", stays=stays)
