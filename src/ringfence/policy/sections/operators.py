"""Section `operators`: who approves what, who needs a second person, may break the glass, is told."""

from collections.abc import Iterator

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Section
from ringfence.policy.globs import glob
from ringfence.policy.nodes import Node
from ringfence.policy.problems import Problems, quoted
from ringfence.policy.rule import AtMost, Condition, Like, Rule
from ringfence.policy.sections import notifying
from ringfence.policy.sections.making import COMMON, Maker
from ringfence.policy.sections.rule_form import MODE, rules_key, rules_of
from ringfence.policy.shapes.amounts import COUNT, DURATION
from ringfence.policy.shapes.shape import Definitions, Schema
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import Patterns, Worded, nearest
from ringfence.policy.values import Approver, BreakGlass, Operators

__all__ = ["TABLE", "operators", "rules"]

_NAMES = tuple(each.name for each in ACTION_TYPES)


@dataclass(frozen=True, slots=True)
class _Types:
    """Patterns on types of actions, each of which fits at least one."""

    says: str = "types of actions such as model.use or credential.*"

    def read(self, node: Node, problems: Problems) -> tuple[Worded, ...] | None:
        patterns = _TYPE_PATTERNS.read(node, problems)
        for each in patterns or ():
            if not any(glob(each.text, FieldKind.TEXT).fits(name) for name in _NAMES):
                what = f"{quoted(each.text)} is no type of action"
                problems.add(each, what, hint=nearest(each.text, _NAMES))
        return patterns

    def schema(self, definitions: Definitions, /) -> Schema:
        return _TYPE_PATTERNS.schema(definitions)


_TYPE_PATTERNS = Patterns((FieldKind.TEXT,), may_be_none=True)
_WHO = Key("who", Patterns((FieldKind.TEXT,)), "names, or group:NAME", needed=True)
_UP_TO = Table(
    "approval-limit",
    "The most that one grant gives.",
    (Key("uses", COUNT, "how often it can be used"), Key("lasts", DURATION, "how long")),
)
_APPROVE = Table(
    "approver",
    "Who may approve what.",
    (
        *COMMON,
        _WHO,
        Key("what", _Types(), "types of actions; `*` for all", needed=True),
        Key("up_to", _UP_TO, "the most that one grant gives; what is left out has no end"),
    ),
)
_GLASS = Table(
    "break-glass",
    "Who may pass everything in an emergency, on the record.",
    (_WHO, Key("lasts", DURATION, "for how long", needed=True)),
)

TABLE = Table(
    "operators",
    "Who approves what.",
    (
        MODE,
        Key("approve", ListOf(_APPROVE), "who may approve what"),
        Key("four_eyes", _Types(), "types of actions that nobody approves for themselves"),
        Key("break_glass", _GLASS, "who may pass everything in an emergency"),
        Key("notify", notifying.NOTIFY, "who is told that a question waits"),
        rules_key(Section.OPERATORS),
    ),
)


def rules(entry: Entry, maker: Maker) -> Iterator[Rule]:
    """What the section comes down to: rules on grant.give."""
    for each in entry.get("approve") or ():
        uses, lasts = _limits(each)
        conditions = [
            Condition(field="operator", test=Like(_texts(each, "who"))),
            Condition(field="action_type", test=Like(_texts(each, "what"))),
        ]
        if uses is not None:
            conditions.append(Condition(field="uses", test=AtMost(uses)))
        if lasts is not None:
            conditions.append(Condition(field="lasts_s", test=AtMost(lasts)))
        yield maker.rule(
            each, entry=each, types=("grant.give",), conditions=tuple(conditions), effect=Effect.ALLOW
        )
    yield from rules_of(entry.get("rules"), maker)


def operators(entry: Entry, maker: Maker) -> Operators:
    """The section as values."""
    glass: Entry | None = entry.get("break_glass")
    return Operators(
        approve=tuple(_approver(each, maker) for each in entry.get("approve") or ()),
        four_eyes=_texts(entry, "four_eyes"),
        break_glass=()
        if glass is None
        else (BreakGlass(who=_texts(glass, "who"), lasts_s=glass.get("lasts"), at=maker.place(glass)),),
        desktop=notifying.desktop(entry.get("notify"), maker),
        webhooks=tuple(notifying.webhooks(entry.get("notify"), maker)),
    )


def _approver(entry: Entry, maker: Maker) -> Approver:
    uses, lasts = _limits(entry)
    return Approver(
        who=_texts(entry, "who"), what=_texts(entry, "what"), uses=uses, lasts_s=lasts, at=maker.place(entry)
    )


def _limits(entry: Entry) -> tuple[int | None, int | None]:
    up_to: Entry | None = entry.get("up_to")
    return (None, None) if up_to is None else (up_to.get("uses"), up_to.get("lasts"))


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    return tuple(each.text for each in entry.get(key) or ())
