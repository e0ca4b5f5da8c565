"""Trust of tool calls, as a document words it: what tools return and take, and what values must be worth.

Tools are called `server.tool`. What a document does not say of a tool is taken for the worst: it writes, what
it returns is untrusted, and every argument is critical.
"""

from collections.abc import Mapping
from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Place
from ringfence.core.labels import Integrity

__all__ = [
    "Context",
    "Idempotency",
    "Requirement",
    "Role",
    "Store",
    "ToolEffect",
    "ToolTrust",
    "Trust",
    "TrustRule",
]


class ToolEffect(StrEnum):
    """What a tool does to the world."""

    READ = "read"
    WRITE = "write"


class Idempotency(StrEnum):
    """How one finds out whether a call that was cut off has happened."""

    KEY = "key"
    PROBE = "probe"
    NONE = "none"


class Role(StrEnum):
    """What an argument decides."""

    TARGET = "target"
    OBJECT = "object"
    AMOUNT = "amount"
    SECRET = "secret"  # noqa: S105 - a word of the language
    PERMISSION = "permission"
    CONTENT = "content"
    OPTION = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolTrust:
    """One tool."""

    name: str  # glob over server.tool
    effect: ToolEffect = ToolEffect.WRITE
    reversible: bool = False
    idempotency: Idempotency = Idempotency.NONE
    integrity: Integrity = Integrity.UNTRUSTED  # of what it returns
    readers: str | None = None  # a path into the record, such as $record.participants
    fields: Mapping[str, Integrity]  # of what it returns, where they differ
    key: tuple[str, ...] = ()  # fields by which a person names a record
    args: Mapping[str, Role]  # by name, as arguments of an action are called
    intent: tuple[str, ...] = ()  # what a plan must hold for it
    schema_digest: str | None = None  # of the description that was approved
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Something that tools write and read back: labels follow through it."""

    name: str
    written_by: tuple[str, ...]  # globs over server.tool
    read_by: tuple[str, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a value must be worth; all that is named must hold."""

    min: Integrity | None = None
    designated: bool | None = None  # taken from a record that the user named
    created_in_session: bool | None = None
    planned: bool | None = None
    derived_at_most: int | None = None
    when: str | None = None  # targets_from_prompt
    readers_include: str | None = None  # $targets
    no_untrusted_urls: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRule:
    """One rule: applies to tools of `effect` and arguments of `roles`."""

    id: str
    effect: ToolEffect | None = None
    roles: tuple[Role, ...] = ()  # none: the call as a whole
    require: tuple[Requirement, ...] = ()  # any of them; none: always met
    then: Effect | None = None  # when met; None: it has no say
    otherwise: Effect | None = None  # when not met; None: it has no say
    why: str | None = None
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is taken away once the session's label is as low as this."""

    integrity: Integrity
    drop: tuple[str, ...] = ()  # globs over server.tool
    max_writes: int | None = None
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """All of it, system before user."""

    tools: tuple[ToolTrust, ...] = ()
    stores: tuple[Store, ...] = ()
    rules: tuple[TrustRule, ...] = ()
    contexts: tuple[Context, ...] = ()
