"""What was found out of where a session's connections lead, kept for as long as it holds.

It is the policy's word in the end: on host, port and program, for a session that has read what it has read.
It holds until one of these is another one, or a rule or an exception of the policy is over.
"""

from collections.abc import Callable

from ringfence.core.limits import LIMITS
from ringfence.egress.broker.session import Connection, Finding
from ringfence.policy.policy import Policy

__all__ = ["found"]


def found(what: str, connection: Connection, policy: Policy, find: Callable[[], bool]) -> bool:
    """What `find` says by this policy, kept as `what`; asked again where it may be another word by now."""
    session = connection.session
    key = (what, connection.host, connection.port, connection.tls, connection.program)
    now, label, known = session.door.now(), session.label, session.findings.get(key)
    if known is None or not known.holds(policy, label, now):
        until = policy.holds_until(now)
        known = Finding(policy=policy, label=label, until=until, is_so=find())
        if len(session.findings) >= LIMITS.egress_open:
            session.findings.clear()
        session.findings[key] = known
    return known.is_so
