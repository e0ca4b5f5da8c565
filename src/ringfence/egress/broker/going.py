"""Connections made, and requests sent, before the broker's word on each: where that changes nothing.

Every request to such a host is granted, counted by nobody, without a secret, and its answer leaves the
session what it is. So the proxy tells of one and sends it, and the broker records it a moment later. It is
judged then as if it was asked about: what is granted may have changed meanwhile.
"""

import asyncio

from ringfence.core.actions import Action
from ringfence.core.errors import RingfenceError
from ringfence.egress.broker.asking import is_token_server, read
from ringfence.egress.broker.budgets import bounds_bytes
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.deciding import decide
from ringfence.egress.broker.findings import found
from ringfence.egress.broker.session import Connection, Session
from ringfence.egress.injecting.places import Misplaced, placed
from ringfence.egress.messages import Ask, Trouble, Went
from ringfence.gate.lowering import is_worse
from ringfence.policy.egressing import Egressing
from ringfence.policy.policy import Policy
from ringfence.protocols.http import BadHttp

__all__ = ["end_what_was_told", "is_dialled_ahead", "is_told", "went"]

_CHANGED = "what is allowed has changed since it was sent"
_PLACEHOLDER = "a placeholder was sent to where no credential is bound"


def is_dialled_ahead(core: Core, connection: Connection) -> bool:
    """Whether a request there would be the proxy's own, and its answer leaves the session what it is."""
    policy, said = core.known(connection.session)
    return found("ahead", connection, policy, lambda: _is_dialled_ahead(core, connection, said))


def _is_dialled_ahead(core: Core, connection: Connection, said: Egressing) -> bool:
    return (
        connection.tls
        and not is_worse(said.origin(connection.host), connection.session.label)
        and said.upstream(connection.host) is None
        and not core.is_served(connection)
        and core.is_whole(connection)
    )


def is_told(core: Core, connection: Connection) -> bool:
    """Whether one that only reads need not be asked about either, by the policy that was looked at last."""
    policy, said = core.known(connection.session)
    return found("told", connection, policy, lambda: _is_told(core, connection, policy, said))


def end_what_was_told(core: Core, session: Session) -> None:
    """Ends connections whose requests would be asked about by now: what is answered there nobody counts."""
    for each in list(session.connections.values()):
        if each.is_told and not is_told(core, each):
            core.drop(each, _CHANGED)


def _is_told(core: Core, connection: Connection, policy: Policy, said: Egressing) -> bool:
    is_counted = (
        bool(said.budgets.requests)
        or bounds_bytes(policy, said.budgets)
        or any(rule.obligations for rule in policy.rules if "http.request" in rule.action_types)
    )
    return not (is_counted or is_token_server(connection)) and is_dialled_ahead(core, connection)


async def went(core: Core, message: Went) -> None:
    """Records what was sent; where it should not have been, its connection ends.

    Whoever tells more than can be recorded is waited for, by whoever reads what he tells.
    """
    connection = core.heard_of(message.connection)
    if connection is None or connection.raw:
        return
    session = connection.session
    try:
        policy, _ = core.current(session)
        (request, *others) = read(Ask(connection=message.connection, head=message.head), connection)
        decisions = decide(policy, [request], session.door)
        is_granted = not others and decisions[0].may_proceed and is_told(core, connection)
        is_recorded = session.door.decide_at_once(request, decisions[0])
    except (RingfenceError, BadHttp) as error:
        core.refusals.of(session, connection.host, error)
        core.drop(connection, str(error))
        return
    except BaseException:
        core.drop(connection, "ringfence itself failed at what was sent")
        raise
    why = _PLACEHOLDER if _has_placeholder(core, connection, message) else None if is_granted else _CHANGED
    if why is not None:
        core.refusals.tell(session, Trouble.LATE, connection.host, why)
        core.drop(connection, why)
    if why is not None or not is_recorded:
        await asyncio.shield(core.catch_up(_caught_up(core, connection, None if is_recorded else request)))


def _has_placeholder(core: Core, connection: Connection, message: Went) -> bool:
    try:
        return bool(placed(message.head, b"", core.placeholders.of(connection.session.id)))
    except Misplaced:
        return True


async def _caught_up(core: Core, connection: Connection, request: Action | None) -> None:
    """What waits for the disk: a request is recorded, and what its answer makes of the session."""
    try:
        if request is not None:
            await core.blocking(connection.session.door.decide, request)
        await core.reads_from(connection)
    except RingfenceError as error:
        core.drop(connection, error.what)
