"""The front matter of a model card: the YAML between two `---` lines at the start of a README.md.

Reads events, builds no objects: no type is guessed, no anchor is followed, no depth is recursed into. Every
value is text as the author wrote it. A key that stands twice keeps all its values, and is a problem.

Source: Hugging Face, docs/hub/model-cards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["ModelCard", "read_card"]

_FIELDS = ("license", "license_name", "license_link", "base_model", "language", "datasets")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a card states, in its author's words; at most `limits.fact_items` values each."""

    licenses: tuple[str, ...] = ()
    license_name: str | None = None
    license_link: str | None = None
    base_models: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # why the card may say more than this; our words only


class _Refused(Exception):
    """The rest of the front matter is not read. The message is ours."""


def read_card(data: bytes) -> ModelCard:
    """The card at the start of a README; what stands before a problem counts. Never raises."""
    text, problems = _front_matter(data)
    values: dict[str, list[str]] = {name: [] for name in _FIELDS}
    seen: set[str] = set()
    try:
        for key, value in _pairs(text):
            if value is None:
                problems += [f"{key} stands twice"] if key in seen else []
                seen.add(key)
            elif len(values[key]) < LIMITS.fact_items:
                values[key].append(clip(value, chars=LIMITS.license_chars))
            else:
                raise _Refused(f"more than {LIMITS.fact_items} values of {key}")
    except _Refused as refused:
        problems.append(str(refused))
    return ModelCard(
        licenses=tuple(values["license"]),
        license_name=next(iter(values["license_name"]), None),
        license_link=next(iter(values["license_link"]), None),
        base_models=tuple(values["base_model"]),
        languages=tuple(values["language"]),
        datasets=tuple(values["datasets"]),
        problems=tuple(dict.fromkeys(problems)),
    )


def _front_matter(data: bytes) -> tuple[str, list[str]]:
    """The YAML, and what is wrong around it. Without an opening line there is none, and nothing is wrong."""
    text = data[: LIMITS.yaml_bytes].decode("utf-8-sig", "replace")
    lines = text.replace("\r\n", "\n").lstrip().split("\n")
    if lines[0].rstrip() != "---":
        return "", []
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:number]) + "\n", []
    if len(data) > LIMITS.yaml_bytes:
        return "\n".join(lines[1:-1]) + "\n", [f"the front matter is longer than {LIMITS.yaml_bytes} bytes"]
    return "", ["the front matter has no end"]


def _pairs(text: str) -> Iterator[tuple[str, str | None]]:
    """(key, None) for every key among `_FIELDS`, then (key, value) for each text it holds.

    Raises:
        _Refused: it is not YAML, no mapping, too deep, or uses anchors.
    """
    key: str | None = None  # of the pair whose value comes next; "" for one that is not wanted
    inside: _Kind | None = None  # what the value of that pair is, when it is no plain text
    for kind, depth, value in _events(text):
        if kind is _Kind.END:
            if depth == 1:
                key, inside = ("" if key is None else None), None
        elif depth == 0:
            if kind is not _Kind.MAPPING:
                raise _Refused("the front matter is not a mapping")
        elif depth == 1 and kind is not _Kind.TEXT:
            inside = kind
        elif depth == 1 and key is None:
            key = value if value in _FIELDS else ""
            if key:
                yield key, None
        elif depth == 1 or (depth == 2 and inside is _Kind.LIST):
            if key and value:
                yield key, value
            key = None if depth == 1 else key


class _Kind(Enum):
    """What comes next in a YAML stream."""

    MAPPING = auto()
    LIST = auto()
    END = auto()  # of a mapping or a list
    TEXT = auto()


def _events(text: str) -> Iterator[tuple[_Kind, int, str]]:
    """(kind, how deep it stands, its text). A null has no text.

    Raises:
        _Refused: it is not YAML, too deep, or uses anchors.
    """
    import yaml

    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _Refused("the front matter uses anchors")
            if isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                yield _Kind.END, depth, ""
            elif isinstance(event, yaml.ScalarEvent):
                null = not event.style and event.value in ("", "~", "null", "Null", "NULL")
                yield _Kind.TEXT, depth, "" if null else event.value
            elif isinstance(event, yaml.CollectionStartEvent):
                yield (_Kind.MAPPING if isinstance(event, yaml.MappingStartEvent) else _Kind.LIST), depth, ""
                depth += 1
            if depth > LIMITS.header_depth:
                raise _Refused(f"the front matter is nested deeper than {LIMITS.header_depth}")
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _Refused("the front matter is not valid YAML") from error
