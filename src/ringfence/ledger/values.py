"""What bodies of events are made of beside core values: JSON with integers only, marked foreign text."""

from collections.abc import Mapping, Sequence

from ringfence.core.dataclass import dataclass

__all__ = ["Facts", "Foreign", "Json", "JsonObject"]

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]
JsonObject = Mapping[str, Json]

Facts = Mapping[str, Json]
"""What is known of an action or a thing, by field. Its texts may be anybody's: show them escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Text that somebody else wrote. A body marks it as such, so that no reader takes it for ours.

    Recorded, it has at most `event_foreign_chars`; `cut` counts the characters that were left out.
    """

    text: str
    cut: int = 0
