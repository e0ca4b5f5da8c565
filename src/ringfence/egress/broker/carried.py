"""Records how many bytes sessions send and receive, where a policy bounds them.

What is recorded is a second old at most: so much is forgotten where a broker dies, and what connections that
were open carried and nobody had told it yet.
"""

from functools import partial

from ringfence.core.action_types import Durability
from ringfence.egress.broker.budgets import bounds_bytes
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.session import Session
from ringfence.ledger.events.egress_carried import EgressCarried

__all__ = ["record_carried"]


def record_carried(core: Core, session: Session) -> None:
    """Records what there was since this was last done; waits for nothing."""
    budgets, policy, said = session.budgets, session.policy, session.said
    sent, received = budgets.sent - budgets.recorded[0], budgets.received - budgets.recorded[1]
    if not sent + received or policy is None or said is None or not bounds_bytes(policy, said.budgets):
        return
    budgets.recorded = (budgets.sent, budgets.received)
    event = EgressCarried(session=session.id, sent_bytes=sent, received_bytes=received)
    append = session.door.ledger.append
    core.soon(partial(append, event, stream=session.door.stream, durability=Durability.WRITTEN))
