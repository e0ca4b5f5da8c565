"""Feeds: what a company knows of models and supplies as files. Bad digests, approved names, known templates.

    {"schema": "ringfence.bad-digests/1", "digests": [{"sha256": "9a0b…", "reason": "pickle with a miner"}]}
    {"schema": "ringfence.approved/1", "models": [{"name": "acme/chat", "revisions": ["4f1c…"]}]}
    {"schema": "ringfence.templates/1", "templates": [{"model": "acme/chat", "sha256": "77aa…"}]}
    {"schema": "ringfence.tokenizers/1", "tokenizers": [{"model": "acme/chat", "sha256": "c01d…"}]}

Bad digests may also be a text with a digest and a reason to a line, where lines that begin with # say
nothing. A tokenizer's digest is that of its file tokenizer.json. `reason` and `revisions` may be left out.
A feed with anything else in it is refused as a whole: part of a list of dangers is no list. Of two reasons
for one digest the first counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from hashlib import sha256
from types import MappingProxyType

from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.digests import Sha256, parse_sha256
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = [
    "NO_FEEDS",
    "Approved",
    "BadFeed",
    "Feeds",
    "judge_digest",
    "merged",
    "parse_feed",
    "template_digest",
]


class BadFeed(ValueError):
    """Not a feed of a known schema. The message never quotes the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """One model that may be used; with no revisions, all of them."""

    name: str  # org/name
    revisions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """What all feeds say together."""

    bad_digests: Mapping[Sha256, str] = field(default_factory=dict)  # → reason, foreign text
    approved: tuple[Approved, ...] = ()
    templates: Mapping[str, frozenset[Sha256]] = field(default_factory=dict)  # casefolded name → digests
    tokenizers: Mapping[str, frozenset[Sha256]] = field(default_factory=dict)  # the same, of whole files


NO_FEEDS = Feeds(
    bad_digests=MappingProxyType({}), templates=MappingProxyType({}), tokenizers=MappingProxyType({})
)


def template_digest(text: str) -> Sha256:
    """The digest by which a feed knows a chat template: line ends and space around it do not count."""
    lines = text.replace("\r\n", "\n").strip()
    return Sha256(sha256(lines.encode("utf-8", "replace")).hexdigest())


def judge_digest(digest: Sha256, feeds: Feeds) -> Spotted | None:
    """What it means that a file has that computed SHA-256; None for what no feed names."""
    reason = feeds.bad_digests.get(digest)
    if reason is None:
        return None
    return Spotted(
        check="digest-known-bad",
        severity=Severity.CRITICAL,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(f"sha256 {digest}", *filter(None, (reason,))),
        advice="do not load it; find out where it came from and what has loaded it",
    )


def merged(feeds: Iterable[Feeds]) -> Feeds:
    """All of them as one."""
    bad: dict[Sha256, str] = {}
    templates: dict[str, frozenset[Sha256]] = {}
    tokenizers: dict[str, frozenset[Sha256]] = {}
    approved: dict[Approved, None] = {}
    for each in feeds:
        bad = {**each.bad_digests, **bad}
        approved |= dict.fromkeys(each.approved)
        for name, digests in each.templates.items():
            templates[name] = templates.get(name, frozenset()) | digests
        for name, digests in each.tokenizers.items():
            tokenizers[name] = tokenizers.get(name, frozenset()) | digests
    return Feeds(bad_digests=bad, approved=tuple(approved), templates=templates, tokenizers=tokenizers)


def parse_feed(data: bytes) -> Feeds:
    """What one feed says.

    Raises:
        BadFeed: it is none, or has keys that this version does not know.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return merged([Feeds(bad_digests=_first(_lines(data)))])
    try:
        document = parse(data, max_bytes=LIMITS.bad_digests_bytes)
    except BadJson as error:
        raise BadFeed(str(error)) from error
    match document:
        case {"schema": "ringfence.bad-digests/1", "digests": list(items), **rest} if not rest:
            return Feeds(bad_digests=_first(_bad_digest(item) for item in items))
        case {"schema": "ringfence.approved/1", "models": list(items), **rest} if not rest:
            return Feeds(approved=tuple(map(_approved, items)))
        case {"schema": "ringfence.templates/1", "templates": list(items), **rest} if not rest:
            return merged(Feeds(templates=_named(item)) for item in items)
        case {"schema": "ringfence.tokenizers/1", "tokenizers": list(items), **rest} if not rest:
            return merged(Feeds(tokenizers=_named(item)) for item in items)
    raise BadFeed("another schema, or keys that are not known")


def _first(pairs: Iterable[tuple[Sha256, str]]) -> Mapping[Sha256, str]:
    found: dict[Sha256, str] = {}
    for digest, reason in pairs:
        found.setdefault(digest, reason)
    return found


def _lines(data: bytes) -> Iterator[tuple[Sha256, str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFeed("not UTF-8") from error
    for line in text.splitlines():
        words = line.split(maxsplit=1)
        if words and not words[0].startswith("#"):
            yield _digest(words[0]), clip("".join(words[1:]), chars=LIMITS.evidence_chars)


def _bad_digest(item: Json) -> tuple[Sha256, str]:
    entry = _object(item, required={"sha256"}, optional={"reason"})
    reason = entry.get("reason", "")
    return _digest(entry["sha256"]), clip(_text(reason), chars=LIMITS.evidence_chars)


def _approved(item: Json) -> Approved:
    entry = _object(item, required={"name"}, optional={"revisions"})
    revisions = entry.get("revisions", [])
    if not isinstance(revisions, list):
        raise BadFeed("revisions is no list")
    return Approved(name=_name(entry["name"]), revisions=frozenset(map(_name, revisions)))


def _named(item: Json) -> Mapping[str, frozenset[Sha256]]:
    entry = _object(item, required={"model", "sha256"}, optional=set())
    return {_name(entry["model"]).casefold(): frozenset({_digest(entry["sha256"])})}


def _object(item: Json, *, required: set[str], optional: set[str]) -> dict[str, Json]:
    if not isinstance(item, dict) or not required <= item.keys() <= required | optional:
        raise BadFeed(f"an entry is no object of {' and '.join(sorted(required | optional))}")
    return item


def _digest(value: Json) -> Sha256:
    digest = parse_sha256(value) if isinstance(value, str) else None
    if digest is None:
        raise BadFeed("a sha256 that is none")
    return digest


def _name(value: Json) -> str:
    if not (name := _text(value)):
        raise BadFeed("an empty name")
    return clip(name, chars=LIMITS.name_chars)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise BadFeed("a text that is none")
    return value
