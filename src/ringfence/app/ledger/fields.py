"""Every field of an event under its own name, as people read it."""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum

from ringfence.app.approving import ShownFact
from ringfence.app.documents import as_json
from ringfence.ledger.ledger import Recorded, Unknown
from ringfence.ledger.values import Foreign

__all__ = ["fields_of"]


def fields_of(recorded: Recorded) -> Iterator[ShownFact]:
    """Parts of larger fields are joined: decision.reasons[0].rule. What others wrote is called untrusted."""
    event = recorded.event
    yield ShownFact(name="type", value=recorded.type)
    yield ShownFact(name="recorded at", value=str(as_json(recorded.at)))
    yield ShownFact(name="hash", value=recorded.position.hash.hex())
    if event is None:
        yield ShownFact(name="body", value="forgotten, as the policy's retention says")
    elif isinstance(event, Unknown):
        yield ShownFact(name="body", value="of a kind that this ringfence does not know; as it is recorded:")
        yield from _flat("body", event.body)
    else:
        for field in dataclasses.fields(event):
            yield from _flat(field.name, getattr(event, field.name))


def _flat(name: str, value: object) -> Iterator[ShownFact]:
    match value:
        case Enum():
            yield from _flat(name, value.value)
        case None | bool() | int() | str():
            yield ShownFact(name=name, value=value)
        case datetime() | float():  # fractions are only in a tampered file
            yield ShownFact(name=name, value=str(as_json(value)))
        case Foreign(text=text, cut=cut):
            yield ShownFact(name=f"{name} (untrusted)", value=text)
            if cut:
                yield ShownFact(name=f"{name}, characters left out", value=cut)
        case () | [] | frozenset() if not value:
            yield ShownFact(name=f"{name}, how many", value=0)
        case _:
            for part, item in _parts(value):
                yield from _flat(f"{name}{part}", item)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    match value:
        case Mapping():
            yield from ((f".{key}", item) for key, item in value.items())
        case tuple() | list() | frozenset():
            yield from ((f"[{number}]", item) for number, item in enumerate(value))
        case _ if dataclasses.is_dataclass(value):
            yield from ((f".{each.name}", getattr(value, each.name)) for each in dataclasses.fields(value))
