"""YAML of strangers as values: read event by event, no tag constructed, no anchor expanded.

Every scalar but null is text as it stands there. An alias is the very thing it names, so that what is shared
is judged once, however often it is named.
"""

import codecs
from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

if TYPE_CHECKING:
    import yaml

__all__ = ["Tagged", "Yaml", "yaml_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A tag that stands in the text, such as python/object/apply:os.system, and what it stands before."""

    tag: str  # without tag:yaml.org,2002: or the leading !
    is_global: bool  # of YAML's own namespace, as constructors of programs' objects are
    value: Json
    at_line: int


@dataclass(slots=True, kw_only=True)
class Yaml:
    """All documents of one stream."""

    value: Json
    tags: list[Tagged] = field(default_factory=list)
    twice: list[tuple[str, Json]] = field(default_factory=list)  # keys that stand twice, with the first value


_YAML = "tag:yaml.org,2002:"
_NULLS = ("", "~", "null", "Null", "NULL")


def yaml_document(data: bytes, *, budget: Budget, into: Yaml | None = None) -> Yaml:
    """The documents, a lone one as itself. `into` keeps the tags up to where it cannot be read on from.

    Raises:
        Malformed: too long, too deep, too many values, not UTF-8 or UTF-16, or not YAML.
    """
    import yaml

    if len(data) > LIMITS.config_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"more than {LIMITS.config_bytes} bytes of YAML")
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    found = into or Yaml(value=None)
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        documents = _Builder(found, budget).build(yaml.parse(data.decode(encoding), Loader=loader))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="not valid YAML") from error
    except RecursionError as error:
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="nested too deep") from error
    found.value = documents[0] if len(documents) == 1 else documents
    return found


@dataclass(slots=True, kw_only=True)
class _Open:
    """A list or mapping that is not closed yet; a mapping's keys and values stand one after the other."""

    items: list[Json]
    is_mapping: bool
    result: list[Json] | dict[str, Json]


class _Builder:
    """Puts values together from events."""

    def __init__(self, found: Yaml, budget: Budget) -> None:
        self._found = found
        self._budget = budget
        self._anchors: dict[str, Json] = {}
        self._open: list[_Open] = []
        self._documents: list[Json] = []

    def build(self, events: "Iterator[yaml.Event]") -> list[Json]:
        """All documents."""
        import yaml

        for count, event in enumerate(events):
            if count > LIMITS.configuration_nodes or len(self._open) > LIMITS.configuration_depth:
                raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="too many values, or too deep")
            if not count % 4096:
                self._budget.check_time(at=None)
            if isinstance(event, yaml.ScalarEvent):
                null = not event.style and event.value in _NULLS
                self._add(event, None if null else event.value)
            elif isinstance(event, yaml.AliasEvent):
                self._put(self._anchors.get(event.anchor or ""))
            elif isinstance(event, yaml.SequenceStartEvent):
                items: list[Json] = []
                self._add(event, items)
                self._open.append(_Open(items=items, is_mapping=False, result=items))
            elif isinstance(event, yaml.MappingStartEvent):
                mapping: dict[str, Json] = {}
                self._add(event, mapping)
                self._open.append(_Open(items=[], is_mapping=True, result=mapping))
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(self._open.pop())
        return self._documents

    def _add(self, event: "yaml.ScalarEvent | yaml.CollectionStartEvent", value: Json) -> None:
        if event.anchor:
            self._anchors[event.anchor] = value
        if event.tag and event.tag != "!":
            self._found.tags.append(
                Tagged(
                    tag=event.tag.removeprefix(_YAML).removeprefix("!"),
                    is_global=not event.tag.startswith("!"),
                    value=value,
                    at_line=event.start_mark.line + 1 if event.start_mark else 0,
                )
            )
        self._put(value)

    def _put(self, value: Json) -> None:
        (self._open[-1].items if self._open else self._documents).append(value)

    def _close(self, closed: _Open) -> None:
        if not closed.is_mapping or not isinstance(closed.result, dict):
            return
        for key, value in zip(closed.items[::2], closed.items[1::2], strict=False):
            name = key if isinstance(key, str) else f"({type(key).__name__})"
            while name in closed.result:
                if isinstance(key, str) and key != "<<":
                    self._found.twice.append((key, closed.result[key]))
                    break
                name += "'"
            closed.result[name] = value
