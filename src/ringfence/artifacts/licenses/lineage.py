"""Base models: the repository that a statement means, and the license that a well-known one is under.

The table, base_models.json beside this file, holds beginnings of names: licenses such as Llama's prescribe
how names of derived models begin, and mirrors keep the name. Under `*` it never maps to a permissive license,
so that nobody's choice of a name can loosen anything.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict, cast

from ringfence.artifacts.licenses.catalogue import catalogue
from ringfence.core.bounded_json import parse
from ringfence.core.limits import LIMITS

__all__ = ["known_license", "prefixes", "repository_of"]

_HUB = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z+]+://", re.IGNORECASE)


class _Entry(TypedDict):
    license: str
    names: list[str]


class _Document(TypedDict):
    base_models: list[_Entry]


def repository_of(stated: str) -> str | None:
    """The repository that an id, a hub address or a bare name stands for; None for other addresses."""
    text = stated.strip()[: LIMITS.name_chars]
    path = _HUB.sub("", text, count=1)
    if path == text and _SCHEME.match(text):
        return None
    parts = [part for part in re.split(r"[?#]", path, maxsplit=1)[0].split("/") if part]
    if path == text and len(parts) > 2:
        return None
    return "/".join(parts[:2]) or None


def known_license(repository: str) -> str | None:
    """The license of a well-known base model, by the longest matching beginning of its name."""
    organisation, slash, name = repository.casefold().replace(" ", "-").rpartition("/")
    candidates = [f"*/{name}"] + ([f"{organisation}/{name}"] if slash else [])
    table = prefixes()
    matching = [
        (end - candidate.startswith("*"), table[candidate[:end]])
        for candidate in candidates
        for end in range(1, len(candidate) + 1)
        if candidate[:end] in table
    ]
    return max(matching)[1] if matching else None


@cache
def prefixes() -> Mapping[str, str]:
    """Expressions by the beginning of a name."""
    document = cast("_Document", parse(Path(__file__).with_name("base_models.json").read_bytes()))
    by_id = {license_.id: license_.expression for license_ in catalogue().licenses}
    return MappingProxyType(
        {name: by_id[entry["license"]] for entry in document["base_models"] for name in entry["names"]}
    )
