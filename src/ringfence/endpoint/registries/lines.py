"""Options of settings files that are written `name = value`, each with its line."""

from collections.abc import Iterator

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Option", "options"]

_QUOTES = "\"'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of them. A value that goes on in the next lines is several options of that name."""

    name: str  # lower case, with `-` for `_`
    value: str
    line: int  # from 1


def options(text: str) -> Iterator[Option]:
    """Those of all sections, in their order; comments begin with `#` or `;`."""
    name = ""
    for number, line in enumerate(text.split("\n")[: LIMITS.registry_settings_lines], 1):
        said = line.strip()
        if not said or said[0] in "#;":
            continue
        if said[0] == "[" and line[0] == "[":
            name = ""
            continue
        if line[0] in " \t" and name:
            yield Option(name=name, value=_bare(said), line=number)
            continue
        key, equals, value = said.partition("=")
        name = key.strip().lower().replace("_", "-") if equals else ""
        if name and value.strip():
            yield Option(name=name, value=_bare(value.strip()), line=number)


def _bare(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES
    return value[1:-1] if is_quoted else value
