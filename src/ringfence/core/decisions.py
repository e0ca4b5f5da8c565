"""What a policy says of an action: is that carried out, what goes with it, and which line says so."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass

__all__ = [
    "Decision",
    "Effect",
    "Mode",
    "Obligation",
    "ObligationKind",
    "Place",
    "Reason",
    "Section",
]


class Effect(StrEnum):
    """What a rule says. Deny beats ask beats allow."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Mode(StrEnum):
    """Whether it is carried out. The strictest that any tier names for a section holds."""

    OBSERVE = "observe"  # recorded, nothing else
    WARN = "warn"  # recorded and told
    ENFORCE = "enforce"


class Section(StrEnum):
    """The parts of a policy that judge actions."""

    MODELS = "models"
    RUNTIMES = "runtimes"
    SOURCES = "sources"
    DATA = "data"
    AGENTS = "agents"
    LICENSES = "licenses"
    OPERATORS = "operators"
    RETENTION = "retention"


class ObligationKind(StrEnum):
    """What must be done along with an allowed action."""

    ROUTE_LOCALLY = "route-locally"
    REDACT = "redact"
    RECORD_IN_FULL = "record-in-full"
    LIMIT = "limit"  # `amount` of `unit` for each `per`: whoever carries the action out counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One of them."""

    kind: ObligationKind
    unit: str | None = None  # calls, usd-micro (millionths of a dollar), bytes
    amount: int | None = None
    per: str | None = None  # minute, hour, day, session


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rule stands."""

    file: str  # as the gate found it, harmless to print; "built-in" for the starter
    line: int  # from 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One section's word on an action."""

    section: Section
    effect: Effect
    mode: Mode
    rule: str | None  # None: no rule of the section matched, and its mode decided
    at: Place | None  # of the rule, or of the section's mode; None when no file names the section
    unknown: tuple[
        str, ...
    ] = ()  # facts the rule asks for that nobody knows, which counted against the action
    why: str | None = None  # the rule's own words
    exception: str | None = None  # id of the exception under which a stricter rule did not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The policy's word. `reasons` has each section that had one, the deciding one first."""

    effect: Effect
    mode: Mode
    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...] = ()
    controls: tuple[str, ...] = ()  # e.g. iso42001:A.6, of the rules that matched, sorted
    policy_digest: str  # SHA-256 over all files that took part, hexadecimal

    @property
    def may_proceed(self) -> bool:
        """Whether the action happens now, without anybody being asked."""
        return self.effect is Effect.ALLOW or self.mode is not Mode.ENFORCE
