"""The door: an action goes in, the policy decides, that is recorded, and a receipt comes out, or a refusal.

What happens, in order: the policy's word; where that is to ask, a grant is used up or a question opened; the
decision is appended, as durably as its type of action asks for; then the receipt is made out. Nothing happens
after a kill at any point that is not in the ledger.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from ringfence.core.action_types import Durability, durability_of, type_of
from ringfence.core.actions import Action, GrantGive
from ringfence.core.dataclass import dataclass, field, replace
from ringfence.core.decisions import Decision, Effect, Mode
from ringfence.core.receipts import Receipt
from ringfence.gate.hiding import foreign, recorded_facts, without_keys
from ringfence.gate.operators import Operator, break_glass, check_four_eyes, limits
from ringfence.gate.operators import decide as decide_approval
from ringfence.gate.policies import Policies
from ringfence.gate.refused import Refused, denied, held
from ringfence.gate.seals import ReceiptRefused, Seals
from ringfence.ledger.errors import EventRefused
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.effect_done import EffectDone
from ringfence.ledger.ledger import Ledger, Position
from ringfence.ledger.values import Facts
from ringfence.policy.policy import Policy

if TYPE_CHECKING:  # most of what is decided nobody is asked about
    from ringfence.gate.approvals import Approvals, Ask, Wanted
    from ringfence.ledger.events.effect_failed import EffectFailed

__all__ = ["RECEIPT_LASTS", "Asker", "Door", "Waiting"]

RECEIPT_LASTS = timedelta(minutes=5)
_ID_BYTES = 4

ActionT = TypeVar("ActionT", bound=Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who runs what comes to the door."""

    name: str  # the account's; operators see it, and four eyes compare it
    pseudonym: str  # what decisions are recorded with


@dataclass(frozen=True, slots=True, kw_only=True)
class _Granted:
    """Where a decision stands that rests on a grant, and that grant's end."""

    position: Position
    until: datetime | None

    def lasts(self, now: datetime) -> timedelta | None:
        """How long from now; no receipt outlives the grant that it rests on."""
        return None if self.until is None else max(self.until - now, timedelta(microseconds=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How a held action waits."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    every_s: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The one way to an effect. Threads may share it.

    `tell` hears of what goes ahead although the policy would ask or deny, where it warns. `enforcing`: what
    comes here is enforced whatever modes the policy names, and denied where no rule matches; so are boxes.
    """

    policies: Policies
    ledger: Ledger
    seals: Seals
    asker: Asker
    stream: str  # where decisions are recorded
    now: Callable[[], datetime]
    randomness: Callable[[int], bytes]
    enforcing: bool = False
    tell: Callable[[Refused], None] = field(default=lambda _refused: None)
    waiting: Waiting = field(default_factory=Waiting)
    _approvals: "list[Approvals]" = field(init=False, default_factory=list, repr=False, compare=False)

    @property
    def approvals(self) -> "Approvals":
        """Asks and grants, as the ledger tells them."""
        if not self._approvals:
            from ringfence.gate.approvals import Approvals

            self._approvals.append(Approvals(self.ledger))
        return self._approvals[0]

    def policy(self) -> Policy:
        """What is in force now; for those who only want to know.

        Raises:
            PolicyRefused, DocumentRefused: there is none.
        """
        return self.policies.current()

    def decide(self, action: Action) -> Decision:
        """The policy's word, recorded. It lets nothing through: that takes a receipt."""
        decision = self.policies.current().decide(action, now=self.now(), enforcing=self.enforcing)
        self._record(action, decision, proceeds=decision.may_proceed)
        return decision

    def decide_at_once(self, action: Action, decision: Decision) -> bool:
        """The same where no disk is waited for; else False, and nothing has happened.

        `decision` is what the policy in force says of it, where it was asked this moment.

        Raises:
            LedgerError: it could not be recorded.
        """
        if decision.may_proceed and durability_of(action) is not Durability.WRITTEN:
            return False
        event = self._event(action, decision, proceeds=decision.may_proceed)
        return self.ledger.append_at_once(event, stream=self.stream) is not None

    def pass_(
        self,
        action: ActionT,
        *,
        wait_s: float = 0,
        uses: int = 1,
        lasts: timedelta = RECEIPT_LASTS,
    ) -> Receipt[ActionT] | Refused:
        """The receipt, which holds for `lasts` and serves `uses` times; or why there is none.

        An action that must be asked for waits up to `wait_s` for an operator. Approvals take `pass_approval`.

        Raises:
            LedgerError: it could not be recorded, so it does not go ahead.
        """
        if isinstance(action, GrantGive):
            raise TypeError("an approval takes an operator: pass_approval")
        deadline = self.waiting.monotonic() + wait_s
        told = False
        while True:  # the policy may change meanwhile: its last word counts
            policy = self.policies.current()
            decision = policy.decide(action, now=self.now(), enforcing=self.enforcing)
            if decision.may_proceed or decision.effect is Effect.DENY:
                position = self._record(action, decision, proceeds=decision.may_proceed)
                return self._answer(action, decision, position, uses=uses, lasts=lasts)
            from ringfence.gate.approvals import AskState
            from ringfence.gate.asking import NotAskable, short_id, wanted

            try:
                for_ = wanted(action, decision, policy, fingerprint=self.seals.fingerprint)
                outcome = self._asked(action, decision, for_, told=told)
            except (NotAskable, EventRefused) as error:
                self._record(action, decision, proceeds=False)
                return denied(action, decision, because=error)
            if isinstance(outcome, _Granted):
                at, longest = outcome.position, outcome.lasts(self.now())
                return self.seals.seal(
                    action, stream=at.stream, seq=at.seq, lasts=min(lasts, longest or lasts), uses=uses
                )
            told = True
            left = deadline - self.waiting.monotonic()
            if outcome.state is AskState.REFUSED or left <= 0:
                return held(action, decision, ask=outcome, short=short_id(outcome.id, self.approvals))
            self._wait(min(left, self.waiting.every_s), outcome)

    def is_asked(self, ask: str) -> bool:
        """Whether that question still waits for an operator.

        Raises:
            LedgerError: nobody can tell.
        """
        self.approvals.look()
        found = self.approvals.asks.get(ask)
        return found is not None and found.is_pending(self.now())

    def pass_at_once(
        self,
        action: ActionT,
        *,
        decision: Decision | None = None,
        uses: int = 1,
        lasts: timedelta = RECEIPT_LASTS,
    ) -> Receipt[ActionT] | Refused | None:
        """The same where neither operator nor disk is waited for; else None, and nothing has happened.

        `decision` is what the policy in force says of it, where it was asked this moment.

        Raises:
            LedgerError: it could not be recorded, so it does not go ahead.
        """
        if durability_of(action) is not Durability.WRITTEN:
            return None
        if decision is None:
            decision = self.policies.current().decide(action, now=self.now(), enforcing=self.enforcing)
        if not decision.may_proceed and decision.effect is not Effect.DENY:
            return None
        event = self._event(action, decision, proceeds=decision.may_proceed)
        position = self.ledger.append_at_once(event, stream=self.stream)
        if position is None:
            return None
        return self._answer(action, decision, position, uses=uses, lasts=lasts)

    def pass_approval(self, action: GrantGive, operator: Operator) -> Receipt[GrantGive] | Refused:
        """The receipt for an approval by this operator, who is the one that `action` names; or why not.

        Raises:
            NotAllowed: it takes two people, and this is the one who asked.
        """
        policy = self.policies.current()
        check_four_eyes(policy, action, operator)
        decision = decide_approval(policy, action, operator, now=self.now())
        position = self._record(action, decision, proceeds=decision.may_proceed)
        if not decision.may_proceed:
            refused = denied(action, decision)
            said = limits(policy, action, operator) if decision.reasons[0].rule is None else None
            return refused if said is None else replace(refused, hint=said)
        return self.seals.seal(action, stream=position.stream, seq=position.seq, lasts=RECEIPT_LASTS)

    def pass_emergency(
        self, action: GrantGive, operator: Operator, *, of: Facts, grant: str, why: str
    ) -> Receipt[GrantGive]:
        """The receipt for an approval past the policy, for those whom it names for that.

        It rests on the event that tells of it; `of` is what is approved, as `grant`. The receipt's action
        lasts no longer than the policy lets it.

        Raises:
            NotAllowed: the policy does not name this operator.
        """
        from ringfence.ledger.events.break_glass_used import BreakGlassUsed

        longest_s = break_glass(self.policies.current(), operator).lasts_s
        lasts_s = longest_s if action.lasts_s is None else min(action.lasts_s, longest_s)
        event = BreakGlassUsed(
            operator=operator.name,
            grant=grant,
            action=of,
            why=foreign(why),
            until=self.now() + timedelta(seconds=lasts_s),
        )
        position = self.ledger.append(event, stream=self.stream, durability=Durability.FSYNC)
        return self.seals.seal(
            replace(action, lasts_s=lasts_s),
            stream=position.stream,
            seq=position.seq,
            lasts=RECEIPT_LASTS,
        )

    def done(self, receipt: Receipt[Action], result: Facts | None = None) -> None:
        """Records that the effect has happened."""
        self._ended(
            receipt,
            EffectDone(
                action_type=type_of(receipt.action).name,
                decision_stream=receipt.stream,
                decision_seq=receipt.seq,
                result=without_keys(result or {}),
            ),
        )

    def failed(self, receipt: Receipt[Action], problem: str) -> None:
        """Records that it has not, or not wholly."""
        from ringfence.ledger.events.effect_failed import EffectFailed  # few do

        self._ended(
            receipt,
            EffectFailed(
                action_type=type_of(receipt.action).name,
                decision_stream=receipt.stream,
                decision_seq=receipt.seq,
                problem=foreign(problem),
            ),
        )

    def _answer(
        self, action: ActionT, decision: Decision, at: Position, *, uses: int, lasts: timedelta
    ) -> Receipt[ActionT] | Refused:
        """What comes of a decision that asks nobody and is recorded."""
        if not decision.may_proceed:
            return denied(action, decision)
        if decision.effect is not Effect.ALLOW and decision.mode is Mode.WARN:
            self.tell(denied(action, decision))
        return self.seals.seal(action, stream=at.stream, seq=at.seq, lasts=lasts, uses=uses)

    def _ended(self, receipt: Receipt[Action], event: "EffectDone | EffectFailed") -> None:
        if not self.seals.is_true(receipt):
            raise ReceiptRefused("what was done had no receipt", hint="ask the gate first")
        self.ledger.append(event, stream=self.stream, durability=durability_of(receipt.action))

    def _asked(self, action: Action, decision: Decision, for_: "Wanted", *, told: bool) -> "_Granted | Ask":
        """Where the decision stands that rests on a grant's use, recorded before; else the question."""
        from ringfence.gate.asking import NotAskable, next_step
        from ringfence.ledger.events.grant_used import GrantUsed

        step = next_step(for_, asked_by=self.asker.name, now=self.now(), new_id=self.new_id)
        appended = self.approvals.append(step)
        if appended is not None and isinstance(appended[0], GrantUsed):
            grant = appended[0].grant
            return _Granted(
                position=self._record(action, decision, proceeds=True, grant=grant),
                until=self.approvals.grants[grant].given.expires_at,
            )
        ask = self.approvals.ask_for(for_, self.asker.name)
        if ask is None:
            raise NotAskable("its question was not recorded as it is", hint="report this")
        if not told:
            self._record(action, decision, proceeds=False, ask=ask.id)
        return ask

    def _wait(self, seconds: float, ask: "Ask") -> None:
        from ringfence.ledger.events.ask_withdrawn import AskWithdrawn

        try:
            self.waiting.sleep(seconds)
        except KeyboardInterrupt:
            self.approvals.append(
                lambda now: (
                    AskWithdrawn(ask=ask.id, why="who asked has gone")
                    if now.asks[ask.id].is_pending(self.now())
                    else None
                )
            )
            raise

    def _record(
        self,
        action: Action,
        decision: Decision,
        *,
        proceeds: bool,
        grant: str | None = None,
        ask: str | None = None,
    ) -> Position:
        durability = durability_of(action) if proceeds else Durability.WRITTEN
        event = self._event(action, decision, proceeds=proceeds, grant=grant, ask=ask)
        return self.ledger.append(event, stream=self.stream, durability=durability)

    def _event(
        self,
        action: Action,
        decision: Decision,
        *,
        proceeds: bool,
        grant: str | None = None,
        ask: str | None = None,
    ) -> DecisionMade:
        return DecisionMade(
            action=recorded_facts(action, self.seals.fingerprint),
            decision=decision,
            proceeds=proceeds,
            grant=grant,
            ask=ask,
            asked_by=self.asker.pseudonym,
        )

    def new_id(self) -> str:
        return self.randomness(_ID_BYTES).hex()
