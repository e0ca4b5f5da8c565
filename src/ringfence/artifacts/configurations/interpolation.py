"""Puts in what OmegaConf would, so that a name which is put together from others is judged as the name it is.

Source: OmegaConf's grammar; relative references and resolvers are left as they stand.
"""

import re
from typing import Final

from ringfence.artifacts.configurations.documents import Entry
from ringfence.core.bounded_json import Json
from ringfence.core.limits import LIMITS

__all__ = ["OPEN", "with_names_put_in"]

OPEN: Final = "${"
_REFERENCE: Final = re.compile(r"\$\{\s{0,8}([A-Za-z_][\w.\[\]]{0,200})\s{0,8}\}")
_ROUNDS: Final = 8  # references to references


def with_names_put_in(entry: Entry, keys: tuple[str, ...], root: Json) -> Entry:
    """The entry with the values of `keys` as they are once `root`'s own values are put in."""
    found: dict[str, Json] = {
        key: _put_in(value, root)
        for key in keys
        if isinstance(value := entry.mapping.get(key), str) and OPEN in value
    }
    return Entry(path=entry.path, mapping=entry.mapping | found) if found else entry


def _put_in(text: str, root: Json) -> str:
    for _ in range(_ROUNDS):
        put = _REFERENCE.sub(lambda found: _value(found[1], root) or found[0], text)
        if put == text or len(put) > LIMITS.name_chars:
            break
        text = put
    return text


def _value(path: str, root: Json) -> str | None:
    value = root
    for key in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key[:9]) < len(value):
            value = value[int(key[:9])]
        else:
            return None
    return value if isinstance(value, str) else None
