"""What a session teaches: its record and the policy of the running user."""

from collections.abc import Callable, Mapping

from ringfence.app.learning.document import Learned, learned
from ringfence.app.learning.heard import heard
from ringfence.app.running.record import stream_of
from ringfence.core.decisions import Section
from ringfence.policy.known_agents import has_built_in_hosts
from ringfence.wiring.gate import open_door
from ringfence.wiring.running import sessions

__all__ = ["learn"]

_TYPES = ("decision.made", "egress.refused")


def learn(name: str, environment: Mapping[str, str], *, tell: Callable[[str], None]) -> Learned:
    """The proposal of the session of that name.

    Raises:
        NoSession: there is none.
        LedgerError: its record cannot be read.
    """
    session = sessions(environment).find(name)
    door = open_door(environment, tell=tell)
    try:
        found = heard(door.ledger.read(stream=stream_of(session.id), types=_TYPES))
        policy = door.policy()
        if Section.AGENTS in policy.ceiling:
            tell("the system's document enforces what agents may do: only written there does it count")
        stays = has_built_in_hosts(policy, session.agent)
        return learned(found, agent=session.agent, session=session.name, stays=stays)
    finally:
        door.ledger.close()
