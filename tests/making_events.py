"""Events and actions of every type, as hypothesis makes them: with anything in them that can be."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from ringfence.core.action_types import ActionType
from ringfence.ledger.chain import START, Head, Row, link
from ringfence.ledger.codec import encode, microseconds
from ringfence.ledger.event_types import Event
from ringfence.policy.facts import facts_of

__all__ = ["FACTS", "KEYS", "NUMBERS", "TEXTS", "facts_of_type", "row_of", "values"]

# Everything that can be in a name on a disk: characters, and bytes that are none.
TEXTS = st.binary(max_size=20).map(lambda name: name.decode("utf-8", "surrogateescape")) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=20
)
_FIRST, _LAST = datetime(1970, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 - of any zone
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
    lambda key: not key.endswith("_base64")
)
FACTS = st.dictionaries(
    KEYS | st.sampled_from(["name", "path", "host", "port", "agent", "digest", "action", "method"]),
    st.recursive(
        st.none() | st.booleans() | NUMBERS | TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=10,
    ),
    max_size=5,
)
_AT = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of this type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([values(each) for each in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(st.text(st.characters(categories=["L"]), max_size=5), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return FACTS
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint):
        return st.builds(hint, **{field.name: values(field.type) for field in dataclasses.fields(hint)})
    return {
        str: TEXTS,
        int: NUMBERS,
        bool: st.booleans(),
        type(None): st.none(),
        datetime: st.datetimes(timezones=st.just(UTC), min_value=_FIRST, max_value=_LAST),
    }[hint]


def facts_of_type(of: ActionType) -> st.SearchStrategy[Mapping[str, object]]:
    """Facts of actions of this type, all of their fields."""
    return values(of.made).map(facts_of)


def row_of(event: Event, *, stream: str = "endpoint/one", after: Head = START) -> Row:
    """The event as it is stored."""
    return link(
        after, stream=stream, at=microseconds(_AT), type_=event.TYPE, salt=bytes(16), body=encode(event)
    )
