"""The machine's ports that lead into a run's box: taken before anything starts, told when it stands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ringfence.app.running.record import Refusal, SessionRecord
from ringfence.core.actions import CommandRun
from ringfence.core.receipts import Receipt
from ringfence.gate.door import Door
from ringfence.ledger.events.sandbox_refused import RefusedKind
from ringfence.sandbox.plan import Plan

if TYPE_CHECKING:  # few runs publish any
    from ringfence.sandbox.publishing import Publishing

__all__ = ["published", "tell_published"]


@contextmanager
def published(
    receipt: Receipt[CommandRun], plan: Plan, record: SessionRecord, door: Door
) -> "Iterator[Publishing | None]":
    """What leads to the plan's ports, until the box is gone; None where it publishes none.

    Raises:
        PortTaken: one of the machine's is not to be had. That is recorded.
    """
    if not plan.published:
        yield None
        return
    from ringfence.sandbox.publishing import PortTaken, publish

    try:
        publishing = publish(plan.published)
    except PortTaken as error:
        record.refused({Refusal(kind=RefusedKind.LAYER, what=error.what): 1})
        door.failed(receipt, error.what)
        raise
    with publishing:
        yield publishing


def tell_published(plan: Plan, record: SessionRecord, say: Callable[[str], None]) -> None:
    """Records and says where the machine's ports lead."""
    if plan.published:
        record.published(plan.published)
        pairs = ", ".join(f"{each.host_port} to {each.port}" for each in plan.published)
        say(f"ports of this machine's localhost lead into the box: {pairs}")
