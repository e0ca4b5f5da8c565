"""The table of licenses, read once from licenses.json beside this file, and how a license is looked up in it.

The table is sorted from the least to the most strict license; that order is the project's, not a court's.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType
from typing import TypedDict, cast

from ringfence.core.bounded_json import parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.models import Obligation

__all__ = ["UNSTATED", "Catalogue", "License", "LicenseClass", "catalogue", "link_key", "name_key", "words"]

UNSTATED = "LicenseRef-unknown"
"""What a field says that names no license: `other`, `unknown`, or nothing."""


class LicenseClass(StrEnum):
    """What kind of permission a license gives, from the least to the most strict."""

    PERMISSIVE = "permissive"
    COPYLEFT = "copyleft"
    USE_RESTRICTED = "use-restricted"  # forbidden uses that flow down, or no changed versions
    COMMERCIAL_THRESHOLD = "commercial-threshold"  # free up to a number of users or an amount of revenue
    REVIEW = "review"  # known, but a person has to read it before anybody uses the model
    NON_COMMERCIAL = "non-commercial"
    UNKNOWN = "unknown"  # nobody knows what it asks: never allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """One license of the table."""

    id: str  # as Hugging Face writes it, where it does
    name: str
    expression: str  # an SPDX id, LicenseRef-scancode-… or LicenseRef-…
    kind: LicenseClass
    position: int  # in the table: higher is stricter
    aliases: tuple[str, ...]
    links: tuple[str, ...]  # addresses of its text, without scheme and www
    texts: tuple[tuple[str, ...], ...]  # a text that holds all phrases of one of them is this license
    max_words: int | None  # of its text with some copyright lines; a longer text says more than the license
    covers: frozenset[str]  # ids of licenses that this name may stand for, such as a family's members
    obligations: tuple[str, ...]
    source: str
    checked: str  # date, ISO 8601


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All licenses, by every way to name them."""

    licenses: tuple[License, ...]
    obligations: Mapping[str, Obligation]  # by id, in the order in which they are shown
    amendments: tuple[str, ...]  # phrases that no permissive license holds
    conditions: frozenset[
        str
    ]  # words that terms have, and titles have not, in languages that licenses come in
    by_expression: Mapping[str, License]  # by the expression in lower case
    by_name: Mapping[str, License]  # by `name_key` of id, name, expression and aliases
    by_link: Mapping[str, License]  # by `link_key`


class _Obligation(TypedDict):
    use: str
    text: str


_License = TypedDict(
    "_License",
    {
        "id": str,
        "name": str,
        "expression": str,
        "class": str,
        "aliases": list[str],
        "links": list[str],
        "texts": list[list[str]],
        "words": int,
        "covers": list[str],
        "obligations": list[str],
        "source": str,
        "checked": str,
    },
    total=False,
)


class _Document(TypedDict):
    uses: dict[str, str]
    amendments: list[str]
    conditions: str
    obligations: dict[str, _Obligation]
    licenses: list[_License]


_GAPS = re.compile(r"[\s_,;:()\[\]\"'\u201c\u201d\u2018\u2019\u00ae\u2122-]+")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)  # casefold() would make a Kelvin sign a k
_VERSION = re.compile(r"v(?=\d)")
_SILENT = frozenset({"the", "license", "licence", "agreement", "version", "v", ""})
_WORD = re.compile(r"[a-z0-9][a-z0-9.+]*")
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_TEXT_SUFFIX = re.compile(r"(?:\.(?:txt|html|md|pdf|en|php))+$|/(?:legalcode|deed)(?:\.\w+)?$")


@cache
def catalogue() -> Catalogue:
    """The table, read on first use."""
    document = cast("_Document", parse(Path(__file__).with_name("licenses.json").read_bytes()))
    licenses = tuple(_license(entry, position) for position, entry in enumerate(document["licenses"]))
    obligations = {
        key: Obligation(id=key, text=document["uses"][stated["use"]] + stated["text"])
        for key, stated in document["obligations"].items()
    }
    return Catalogue(
        licenses=licenses,
        obligations=MappingProxyType(obligations),
        amendments=tuple(words(phrase) for phrase in document["amendments"]),
        conditions=frozenset(document["conditions"].split()),
        by_expression=MappingProxyType({each.expression.casefold(): each for each in licenses}),
        by_name=MappingProxyType({name_key(name): each for each in licenses for name in _names(each)}),
        by_link=MappingProxyType({link_key(link): each for each in licenses for link in each.links}),
    )


def name_key(text: str) -> str:
    """What two spellings of one license's name share: `Apache License, Version 2.0` and `apache-2.0`.

    A character that is neither a letter, a digit nor ordinary punctuation stays, so that look-alikes and
    negations never become the name they imitate.
    """
    plain = text[: LIMITS.license_chars].translate(_LOWER)
    parts = [_VERSION.sub("", part, count=1) for part in _GAPS.split(plain)]
    kept = [part for part in parts if part not in _SILENT]
    return "-".join(part for i, part in enumerate(kept) if i == 0 or part != kept[i - 1])


def link_key(address: str) -> str:
    """An address without scheme, www, query, fragment, closing slash and a text file's suffix."""
    bare = _SCHEME.sub("", address.strip()[: LIMITS.license_chars], count=1).translate(_LOWER)
    return _TEXT_SUFFIX.sub("", re.split(r"[?#]", bare, maxsplit=1)[0].rstrip("/"))


def words(text: str) -> str:
    """The words of a text, in lower case and with one space around each, for finding phrases in it."""
    return " " + " ".join(word.rstrip(".") for word in _WORD.findall(text.lower())) + " "


def _license(entry: _License, position: int) -> License:
    return License(
        id=entry["id"],
        name=entry["name"],
        expression=entry["expression"],
        kind=LicenseClass(entry["class"]),
        position=position,
        aliases=tuple(entry["aliases"]),
        links=tuple(entry.get("links", ())),
        texts=tuple(tuple(words(phrase) for phrase in every) for every in entry.get("texts", ())),
        max_words=entry.get("words"),
        covers=frozenset(entry.get("covers", ())),
        obligations=tuple(entry["obligations"]),
        source=entry["source"],
        checked=entry["checked"],
    )


def _names(license_: License) -> tuple[str, ...]:
    return (license_.id, license_.name, license_.expression, *license_.aliases)
