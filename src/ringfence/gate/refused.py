"""Why an action does not go ahead, in words: the rule, its place, what is unknown, what to do about it."""

from typing import TYPE_CHECKING

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, FieldKind, HostConnect, HttpRequest, ToolCall
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect, Reason
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.gate.hiding import without_secrets

if TYPE_CHECKING:
    from ringfence.gate.approvals import Ask

__all__ = ["ActionRefused", "Refused", "denied", "held"]

_WHOSE = frozenset({"agent", "session"})
_WEB_PORTS = (80, 443)
_TOLD = (FieldKind.NAME, FieldKind.PATH, FieldKind.HOST, FieldKind.TEXT, FieldKind.NUMBER)


class ActionRefused(RingfenceError):
    """A refusal that ends a command."""

    code = ExitCode.FAILED_AS_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An action that does not go ahead now. `ask` is the id of the question that waits for an operator."""

    decision: Decision
    what: str
    hint: str
    ask: str | None = None

    def error(self) -> ActionRefused:
        """To raise where there is no way on."""
        return ActionRefused(self.what, hint=self.hint)


def denied(action: Action, decision: Decision, *, because: RingfenceError | None = None) -> Refused:
    """By a rule, or by a section that enforces and has no rule for it."""
    what = f"{_name(action)}: {_word(decision.effect)} by {_reason(decision.reasons[0])}"
    if because is not None:
        return Refused(decision=decision, what=f"{what}; {because.what}", hint=because.hint)
    return Refused(decision=decision, what=what, hint="ringfence policy explain says what would turn it")


def held(action: Action, decision: Decision, *, ask: "Ask", short: str) -> Refused:
    """Nobody has answered yet, or somebody with a no."""
    from ringfence.gate.approvals import AskState

    if ask.state is AskState.REFUSED:
        who = printable(ask.operator or "an operator")
        what, hint = f"{_name(action)}: {who} said no", "ask them why"
    else:
        what = f"{_name(action)}: must be approved, says {_reason(decision.reasons[0])}"
        hint = f"to allow: ringfence approve {short}; then try again"
    return Refused(decision=decision, what=what, hint=hint, ask=ask.id)


def _name(action: Action) -> str:
    """What is asked for, without secrets, and cut where it is long.

    Of most actions their type and the fields that tell which; whose it is, the one who is told knows.
    """
    kind, action = type_of(action), without_secrets(action)
    match action:
        case HttpRequest(method=method, path=path, query=query):
            asked = f"?{'&'.join(query)}" if query else ""
            return clip(printable(f"{method} {_where(action)}{path}{asked}"), chars=LIMITS.evidence_chars)
        case HostConnect():
            return printable(f"a connection to {_where(action)}")
        case ToolCall(server=server, tool=tool):
            return clip(printable(f"{kind.name} {server} {tool}"), chars=LIMITS.evidence_chars)
    names = (each for each in kind.compares if each not in _WHOSE and kind.fields[each] in _TOLD)
    told = (getattr(action, each) for each in names)
    texts = (" ".join(each) if isinstance(each, tuple) else str(each) for each in told if each is not None)
    shown = (clip(printable(each), chars=LIMITS.evidence_chars) for each in texts if each)
    return " ".join((kind.name, *shown))


def _where(action: HttpRequest | HostConnect) -> str:
    return action.host if action.port in _WEB_PORTS else f"{action.host}:{action.port}"


def _word(effect: Effect) -> str:
    return "denied" if effect is Effect.DENY else "held"


def _reason(reason: Reason) -> str:
    at = f" ({reason.at})" if reason.at is not None else ""
    rule = (
        f"rule {reason.rule}"
        if reason.rule is not None
        else f"section {reason.section.value}, which has no rule for it"
    )
    why = f": {clip(printable(reason.why), chars=LIMITS.evidence_chars)}" if reason.why else ""
    unknown = f"; unknown: {', '.join(reason.unknown)}" if reason.unknown else ""
    return f"{rule}{at}{why}{unknown}"
