"""What a model card states at the start of a README.md.

Reads events. Every value is text as the author wrote it. A key that stands twice keeps all its values,
and is a problem.

Source: Hugging Face, docs/hub/model-cards.
"""

from collections.abc import Iterator

from ringfence.artifacts.front_matter import Kind, Refused, events, front_matter
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["ModelCard", "read_card"]

_FIELDS = ("license", "license_name", "license_link", "base_model", "language", "datasets", "pipeline_tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a card states, in its author's words; at most `limits.fact_items` values each."""

    licenses: tuple[str, ...] = ()
    license_name: str | None = None
    license_link: str | None = None
    base_models: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    task: str | None = None  # pipeline_tag, e.g. text-generation
    problems: tuple[str, ...] = ()  # why the card may say more than this; our words only


def read_card(data: bytes) -> ModelCard:
    """The card at the start of a README; what stands before a problem counts. Never raises."""
    text, problems = front_matter(data)
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
                raise Refused(f"more than {LIMITS.fact_items} values of {key}")
    except Refused as refused:
        problems.append(str(refused))
    return ModelCard(
        licenses=tuple(values["license"]),
        license_name=next(iter(values["license_name"]), None),
        license_link=next(iter(values["license_link"]), None),
        base_models=tuple(values["base_model"]),
        languages=tuple(values["language"]),
        datasets=tuple(values["datasets"]),
        task=next(iter(values["pipeline_tag"]), None),
        problems=tuple(dict.fromkeys(problems)),
    )


def _pairs(text: str) -> Iterator[tuple[str, str | None]]:
    """(key, None) for every key among `_FIELDS`, then (key, value) for each text it holds.

    Raises:
        Refused: it is not YAML, no mapping, too deep, or uses anchors.
    """
    key: str | None = None  # of the pair whose value comes next; "" for one that is not wanted
    inside: Kind | None = None  # what the value of that pair is, when it is no plain text
    for kind, depth, value in events(text):
        if kind is Kind.END:
            if depth == 1:
                key, inside = ("" if key is None else None), None
        elif depth == 0:
            if kind is not Kind.MAPPING:
                raise Refused("the front matter is not a mapping")
        elif depth == 1 and kind is not Kind.TEXT:
            inside = kind
        elif depth == 1 and key is None:
            key = value if value in _FIELDS else ""
            if key:
                yield key, None
        elif depth == 1 or (depth == 2 and inside is Kind.LIST):
            if key and value:
                yield key, value
            key = None if depth == 1 else key
