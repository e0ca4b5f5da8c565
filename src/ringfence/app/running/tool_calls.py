"""Judges what passes between a tool server on standard streams and its client: by the policy, on the record.

A call is judged as one over HTTP is, by the same rules, with what the session has read until then. The server
is called by the name that it was started under; what it says is worth what `origins` says of a host of that
name, and nothing where none does.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import field

from ringfence.core.action_types import Durability
from ringfence.core.actions import ToolCall
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect
from ringfence.core.errors import RingfenceError
from ringfence.core.labels import Label, join
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.budgets import Spending
from ringfence.gate.door import Door
from ringfence.gate.hiding import foreign
from ringfence.gate.lowering import FRESH, Lowering, is_worse, lower
from ringfence.gate.refused import Refused
from ringfence.gate.seals import Seals
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.events.tool_changed import ToolChanged
from ringfence.ledger.events.tool_untold import ToolUntold
from ringfence.policy.egressing import Egressing, egressing
from ringfence.policy.policy import Policy
from ringfence.policy.possible import may_be_called
from ringfence.protocols.listed_tools import ChangedTool
from ringfence.protocols.mcp_streams import Dropped, Judged, Passed

__all__ = ["NotDecided", "NotLet", "ToolCalls", "handed_over"]


class NotDecided(RingfenceError):
    """A message that is not the one that was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotLet:
    """Why a call does not pass; `ask` is the question that waits for an operator."""

    why: str
    ask: str | None = None


@dataclass(slots=True, kw_only=True)
class ToolCalls:
    """Those of one session. One thread uses it.

    `door` is the session's and enforces; `clock` counts seconds that only grow; `tell` hears what somebody
    should know, once.
    """

    door: Door
    session: str
    agent: str
    server: str
    clock: Callable[[], float]
    tell: Callable[[str], None]
    label: Label = FRESH  # of what the client has been told, as far as is known here
    _spending: Spending = field(init=False)
    _lowering: Lowering = field(init=False)
    _said: tuple[Policy, Egressing] | None = None
    _times: Counter[tuple[str, str]] = field(default_factory=Counter)  # of what was dropped
    _changes: int = 0

    def __post_init__(self) -> None:
        self._spending = Spending(clock=self.clock)
        self._lowering = Lowering(door=self.door)

    def may(self, tool: str) -> bool:
        """Whether a rule lets it be called at all, whatever its arguments.

        Raises:
            RingfenceError: there is no policy.
        """
        return may_be_called(self._current()[0], self.agent, self.server, tool)

    def decide(self, judged: Judged) -> Receipt[ToolCall] | NotLet:
        """The receipt, or why there is none; recorded either way.

        What cannot be decided or recorded does not pass.
        """
        try:
            return self._decided(judged)
        except RingfenceError as error:
            return NotLet(why=f"{error.what} ({error.hint})")

    def is_still_let(self, by: object) -> bool:
        """Whether the policy has not come to refuse a call since its receipt was made out.

        Raises:
            RingfenceError: there is no policy.
        """
        assert isinstance(by, Receipt)
        decision = self._current()[0].decide(by.action, now=self.door.now(), enforcing=True)
        return decision.effect is not Effect.DENY

    def is_asked(self, ask: str) -> bool:
        """Whether that question still waits for an operator."""
        try:
            return self.door.is_asked(ask)
        except RingfenceError:  # whoever decides next says why
            return False

    def hears(self) -> None:
        """What the server says is about to be delivered: the session counts as having read it.

        Raises:
            RingfenceError: it cannot be recorded, so it must not be delivered.
        """
        origin = self._current()[1].origin(self.server)
        if is_worse(origin, self.label):
            self.label = lower(self.door, self.session, self.label, origin, self.server)

    def drop(self, dropped: Dropped) -> None:
        """Records what went no further, once of each kind; how often more is recorded at the end."""
        what = f"{dropped.what}, from the {dropped.by.value}"
        self._refuse("malformed", what)

    def change(self, changed: ChangedTool) -> None:
        """Records and tells that a tool is not what it was; of a server that goes on and on, how often."""
        self._changes += 1
        if self._changes > LIMITS.rpc_changes:
            if self._changes == LIMITS.rpc_changes + 1:
                self._untold(1)
                self.tell(f"{self.server}: its tools change again and again, which is only counted from here")
            return
        event = ToolChanged(
            session=self.session,
            server=self.server,
            tool=foreign(changed.tool),
            was=changed.was,
            now=changed.now,
        )
        self.door.ledger.append(event, stream=self.door.stream, durability=Durability.WRITTEN)
        how = "is new" if changed.was is None else "is described otherwise than before"
        self.tell(f"{self.server}: the tool {changed.tool} {how}")

    def close(self) -> None:
        """Records how often what was dropped came again, and how many changes nobody was told of."""
        if (untold := self._changes - LIMITS.rpc_changes - 1) > 0:
            self._untold(untold)
        self._changes = 0
        for (trouble, what), times in self._times.items():
            if times > 1:
                self._record(trouble, what, times - 1)
        self._times.clear()

    def said_now(self) -> Label:
        """What all carries that the client says from now on: its box may have read something.

        Raises:
            LedgerError: that cannot be read.
        """
        self.label = join(self.label, self._lowering.look())
        return self.label

    def _untold(self, times: int) -> None:
        event = ToolUntold(session=self.session, server=self.server, times=times)
        self.door.ledger.append(event, stream=self.door.stream, durability=Durability.WRITTEN)

    def _decided(self, judged: Judged) -> Receipt[ToolCall] | NotLet:
        action = ToolCall(
            server=self.server,
            tool=judged.call.tool,
            schema_digest=judged.schema_digest,
            arguments=judged.call.arguments,
            agent=self.agent,
            session=self.session,
            context=self.said_now(),
        )
        policy, _ = self._current()
        decision = policy.decide(action, now=self.door.now(), enforcing=True)
        if decision.may_proceed and decision.obligations:
            spent = self._spending.limits((decision.reasons[0].rule, ToolCall), decision.obligations)
            if spent is not None:
                self._refuse("budget", spent.what)
                return NotLet(why=f"{spent.what} ({spent.hint})")
        passed = self.door.pass_(action)
        return self._not_let(passed) if isinstance(passed, Refused) else passed

    def _not_let(self, refused: Refused) -> NotLet:
        because, hint = refused.decision.reasons[0], refused.hint
        if because.rule is None and refused.ask is None:
            hint = f"a person can grant it: tools of the profile {self.agent} in the policy"
        return NotLet(why=f"{refused.what} ({hint})", ask=refused.ask)

    def _current(self) -> tuple[Policy, Egressing]:
        policy = self.door.policy()
        if self._said is None or self._said[0] is not policy:
            self._said = (policy, egressing(policy.document, self.agent))
        return self._said

    def _refuse(self, trouble: str, what: str) -> None:
        key = (trouble, what)
        if key not in self._times and len(self._times) >= LIMITS.egress_told:
            key = (trouble, "others")
        self._times[key] += 1
        if self._times[key] == 1:
            self._record(*key, 1)
            self.tell(f"{self.server}: dropped: {key[1]}")

    def _record(self, trouble: str, what: str, times: int) -> None:
        event = EgressRefused(
            session=self.session, trouble=trouble, host=foreign(self.server), what=foreign(what), times=times
        )
        self.door.ledger.append(event, stream=self.door.stream, durability=Durability.WRITTEN)


def handed_over(receipt: Receipt[ToolCall], judged: Judged, passed: Passed, *, seals: Seals) -> bytes:
    """The line of a call that was decided, once.

    Raises:
        ReceiptRefused: nothing proves that it was decided, or it was handed over before.
        NotDecided: it is another one.
    """
    action = seals.redeem(receipt, ToolCall)
    if (action.tool, action.arguments) != (judged.call.tool, judged.call.arguments):
        raise NotDecided("this is not the call that was decided", hint="report this")
    return passed.line
