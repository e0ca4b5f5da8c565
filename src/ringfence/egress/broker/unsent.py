"""What a program would have asked of a host that it may not connect to, for a session that is learned from.

Its proxy tells; nothing is opened. It may tell anything, as the box's programs may ask for anything.
"""

from contextlib import suppress

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Effect
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.deciding import decide
from ringfence.egress.messages import Refused, Unsent
from ringfence.policy.canonical import canonical
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.interpreting import interpret

__all__ = ["unsent"]

_TOLD = Refused(what="nobody may connect there", hint="the connection was refused before")
_HOST = canonical("host", FieldKind.HOST)


async def unsent(core: Core, message: Unsent) -> Refused:
    """The request, recorded as denied, once, where the policy denies it as well as its connection."""
    session = core.sessions.get(message.session)
    if session is None or session.unsent is None or (_HOST and _HOST(message.host) != message.host):
        return _TOLD
    key = (message.host, message.port, message.method, message.target)
    if key in session.unsent or len(session.unsent) >= LIMITS.learned_requests:
        return _TOLD
    session.unsent.add(key)
    try:
        request, *_ = interpret(
            RequestHead(method=message.method, target=message.target, headers=Headers(), version="1.1"),
            host=message.host,
            port=message.port,
            session=session.id,
            agent=session.agent,
            context=session.label,
            program=None,
            body=b"",
            is_whole=True,
        )
    except BadHttp:
        return _TOLD
    with suppress(RingfenceError):  # nothing happens that would have to be recorded
        policy, _ = core.known(session)
        (decision,) = decide(policy, [request], session.door)
        if decision.effect is Effect.DENY:
            await core.blocking(session.door.decide, request)
    return _TOLD
