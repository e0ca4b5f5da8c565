"""Held actions: which rules ask, what a grant must be for, and what comes next for one that waits.

A grant holds as long as the rules that asked say the same: their words count, not where they stand, so an
edit elsewhere in the policy kills no grant.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action
from ringfence.core.decisions import Decision, Effect, Mode
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.gate.approvals import Approvals, Ask, AskState, Wanted, compared_facts
from ringfence.gate.digests import digest_of
from ringfence.gate.hiding import exact_facts, recorded_facts
from ringfence.ledger.events.ask_opened import AskOpened
from ringfence.ledger.events.grant_used import GrantUsed
from ringfence.ledger.values import Facts, Json
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Rule

if TYPE_CHECKING:  # all types of events, of which a writer needs few
    from ringfence.ledger.event_types import Event

__all__ = ["ASK_LASTS", "NotAskable", "next_step", "short_id", "wanted"]

ASK_LASTS = timedelta(hours=24)
"""How long a question stays open; a refusal holds as long, counted from the question."""

_SHORTEST = 2  # characters of an id that are shown


class NotAskable(RingfenceError):
    """A question that nobody can be shown, or one too many."""


def wanted(
    action: Action, decision: Decision, policy: Policy, *, fingerprint: Callable[[object], str]
) -> Wanted:
    """What a grant for this action must be for, when `decision` asks. `fingerprint` is a keyed digest.

    Raises:
        NotAskable: nobody could be shown what it is.
    """
    _refuse_unreadable(exact_facts(action))
    asking = [r for r in decision.reasons if r.effect is Effect.ASK and r.mode is Mode.ENFORCE]
    ids = tuple(sorted(str(reason.rule) for reason in asking))
    facts = recorded_facts(action, fingerprint)
    return Wanted(
        action=facts,
        action_type=type_of(action).name,
        compared=compared_facts(facts),
        rules=ids,
        rules_digest=_rules_digest(ids, policy),
    )


def next_step(
    for_: Wanted, *, asked_by: str, now: datetime, new_id: Callable[[], str]
) -> "Callable[[Approvals], Event | None]":
    """Uses up a grant if there is one, opens the question if nobody has; None while it is open or refused.

    The event's maker raises NotAskable where the question cannot be put.
    """

    def decide(approvals: Approvals) -> "Event | None":
        grant = approvals.grant_for(for_, now)
        if grant is not None:
            return GrantUsed(grant=grant.id, use=grant.used + 1, action=for_.action)
        if (ask := approvals.ask_for(for_, asked_by)) and _stands(ask, now):
            return None
        _refuse_too_many(for_.action, asked_by, approvals, now)
        return AskOpened(
            ask=_unused(new_id, approvals),
            action=for_.action,
            rules=for_.rules,
            rules_digest=for_.rules_digest,
            asked_by=asked_by,
            expires_at=now + ASK_LASTS,
        )

    return decide


def short_id(ask: str, approvals: Approvals) -> str:
    """The shortest beginning of an ask's id that no other id shares."""
    others = [each for each in (*approvals.asks, *approvals.grants) if each != ask]
    for length in range(_SHORTEST, len(ask)):
        if not any(each.startswith(ask[:length]) for each in others):
            return ask[:length]
    return ask


def _stands(ask: Ask, now: datetime) -> bool:
    """Whether the question is open, or was answered with a no that still holds."""
    if ask.state is AskState.REFUSED:
        return ask.expires_at is None or now < ask.expires_at
    return ask.is_pending(now)


def _refuse_unreadable(facts: Facts) -> None:
    if len(str(facts)) > LIMITS.ask_chars:
        raise NotAskable(
            "it is too long for anybody to read and approve", hint="split it, or let a rule decide"
        )
    if not _is_exact(facts):
        raise NotAskable(
            "it holds text that stands for no bytes, so nobody can be shown what it is",
            hint="name it as the system does",
        )


def _refuse_too_many(action: Facts, asked_by: str, approvals: Approvals, now: datetime) -> None:
    """Who asks without an end takes nobody else's place, until all are very many.

    Counted for each session, and over all sessions of the agent.
    """
    pending = [each for each in approvals.asks.values() if each.is_pending(now)]
    agent, session = action.get("agent"), action.get("session")
    own = [each for each in pending if each.asked_by == asked_by and each.action.get("agent") == agent]
    of_session = sum(each.action.get("session") == session for each in own) if session else 0
    if of_session >= LIMITS.pending_asks_of_session:
        whose = f"{of_session} questions of the same session"
    elif len(own) >= LIMITS.pending_asks_of_one:
        whose = f"{len(own)} questions of the same {'agent' if agent else 'person'}"
    elif len(pending) >= LIMITS.pending_asks:
        whose = f"{len(pending)} questions"
    else:
        return
    raise NotAskable(f"{whose} wait for an answer already", hint="answer them: ringfence asks")


def _unused(new_id: Callable[[], str], approvals: Approvals) -> str:
    while (made := new_id()) in approvals.asks or made in approvals.grants:
        pass
    return made


def _is_exact(value: Json) -> bool:
    """Whether each text comes back from its bytes as it was; the ledger keeps those."""
    if isinstance(value, str):
        try:
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == value
        except UnicodeEncodeError:
            return False
    if isinstance(value, Mapping):
        return all(map(_is_exact, value.values()))
    return all(map(_is_exact, value)) if isinstance(value, list | tuple) else True


def _rules_digest(ids: tuple[str, ...], policy: Policy) -> str:
    rules = {str(rule.id): rule for rule in policy.rules}
    # a rule that is written in other words than a condition's, as those on trust: any edit counts
    return digest_of([_meaning(rules[each]) if each in rules else [each, policy.digest] for each in ids])


def _meaning(rule: Rule) -> list[object]:
    return [
        rule.section,
        rule.tier,
        rule.action_types,
        rule.conditions,
        rule.effect,
        rule.mode,
        rule.obligations,
        rule.until,
    ]
