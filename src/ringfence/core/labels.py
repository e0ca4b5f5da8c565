"""What data carries: how far it may be trusted, who may read it, how much it can say."""

from enum import IntEnum, StrEnum

from ringfence.core.dataclass import dataclass

__all__ = ["Capacity", "Integrity", "Label", "Sensitivity", "join"]


class Integrity(IntEnum):
    """Who vouches for a value; higher is better, and a join is the lowest."""

    UNTRUSTED = 0
    ATTESTED = 1  # a field that its source is known to fill itself, such as a bank's amount
    ENDORSED = 2  # an operator vouched for this value in this role
    USER = 3
    SYSTEM = 4


class Sensitivity(IntEnum):
    """Whom a leak would hurt; higher is worse, and a join is the highest."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3


class Capacity(StrEnum):
    """How much a value can say: what fits in a number cannot carry an instruction."""

    BOOLEAN = "boolean"
    ENUM = "enum"
    NUMBER = "number"
    ID = "id"
    TEXT = "text"


_CAPACITIES = tuple(Capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One value's label. A join of two, for what was made from both, is never better than either."""

    integrity: Integrity
    sensitivity: Sensitivity = Sensitivity.PUBLIC
    writers: frozenset[str] = frozenset()  # who had a hand in it
    readers: frozenset[str] | None = None  # who may see it; None is everybody
    capacity: Capacity = Capacity.TEXT
    sources: tuple[str, ...] = ()  # event and JSON path each came from, sorted
    designated: bool = False  # an attested field of a record whose key the user named
    created_in_session: bool = False  # names what this session made itself


def join(one: Label, other: Label) -> Label:
    """What a value made from both carries."""
    readers = one.readers if other.readers is None else other.readers
    if one.readers is not None and other.readers is not None:
        readers = one.readers & other.readers
    return Label(
        integrity=min(one.integrity, other.integrity),
        sensitivity=max(one.sensitivity, other.sensitivity),
        writers=one.writers | other.writers,
        readers=readers,
        capacity=max(one.capacity, other.capacity, key=_CAPACITIES.index),
        sources=tuple(sorted({*one.sources, *other.sources})),
        designated=one.designated and other.designated,
        created_in_session=one.created_in_session and other.created_in_session,
    )
