"""Who may approve: the policy's word on grant.give, and what is no rule: four eyes, and breaking the glass.

An operator acts under the account's name and its groups' (`group:NAME`). A rule that denies any of them
holds; else one that lets any of them approve is enough.
"""

from collections.abc import Iterable
from datetime import datetime

from ringfence.core.actions import FieldKind, GrantGive
from ringfence.core.dataclass import dataclass, replace
from ringfence.core.decisions import Decision, Effect, Mode
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.policy.globs import glob
from ringfence.policy.policy import Policy
from ringfence.policy.values import Approver, BreakGlass

__all__ = ["NotAllowed", "Operator", "break_glass", "check_four_eyes", "decide", "limits"]

_GROUPS = 128


class NotAllowed(RingfenceError):
    """This operator cannot do that."""

    code = ExitCode.FAILED_AS_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The account that approves, with the names of its groups."""

    name: str
    groups: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What policies may call it."""
        return (self.name, *(f"group:{each}" for each in self.groups[:_GROUPS]))


def decide(policy: Policy, action: GrantGive, operator: Operator, *, now: datetime) -> Decision:
    """The policy's word on an approval by this operator."""
    words = [policy.decide(replace(action, operator=name), now=now) for name in operator.names]
    for word in words:
        if word.mode is Mode.ENFORCE and word.effect is Effect.DENY and word.reasons[0].rule is not None:
            return word
    return next((word for word in words if word.may_proceed), words[0])


def limits(policy: Policy, action: GrantGive, operator: Operator) -> str | None:
    """How much this operator may approve of such an action at a time, in words; None where it is nothing."""
    found = (
        each
        for each in policy.operators.approve
        if _fits(each.who, operator.names) and _fits(each.what, (action.action_type,))
    )
    said = " or ".join(dict.fromkeys(_limit(each) for each in found))
    return f"{operator.name} may approve {said}" if said else None


def _limit(approver: Approver) -> str:
    from ringfence.policy.sentences import duration  # for those who were refused

    often, lasts_s = approver.uses, approver.lasts_s
    uses = "any number of uses" if often is None else f"{often} use{'' if often == 1 else 's'}"
    return f"up to {uses}, {'without an end' if lasts_s is None else duration(lasts_s)}"


def check_four_eyes(policy: Policy, action: GrantGive, operator: Operator) -> None:
    """Nothing, unless the policy wants two people for this type of action.

    Raises:
        NotAllowed: it does, and these are one, or nobody knows who asked.
    """
    if not _fits(policy.operators.four_eyes, (action.action_type,)):
        return
    if action.asked_by is None or action.asked_by == operator.name:
        raise NotAllowed(
            f"{action.action_type} takes four eyes, and you asked for it yourself"
            if action.asked_by is not None
            else f"{action.action_type} takes four eyes, and nobody knows who asked",
            hint="another operator must approve it",
        )


def break_glass(policy: Policy, operator: Operator) -> BreakGlass:
    """What the policy lets this operator do in an emergency.

    Raises:
        NotAllowed: nothing.
    """
    for each in policy.operators.break_glass:
        if _fits(each.who, operator.names):
            return each
    raise NotAllowed(
        "the policy does not let you break the glass",
        hint="ask an operator whom it names: ringfence policy show",
    )


def _fits(patterns: Iterable[str], names: Iterable[str]) -> bool:
    compiled = [glob(each, FieldKind.TEXT) for each in patterns]
    return any(pattern.fits(name) for name in names for pattern in compiled)
