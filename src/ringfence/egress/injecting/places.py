"""Where placeholders stand in a request, and whether that is where such a credential is sent.

A placeholder in an address or a header stands where its kind has it, or the request is refused: nobody sends
one elsewhere by accident, and a host that is sent one elsewhere would be told what a box has. In a body it is
a credential only where a credential of a body's kind stands; everywhere else it is text. Programs send what
they have read to models, their environment with it, and a placeholder is worth nothing there.

Sources: RFC 6750, RFC 7617, RFC 6901, AWS Signature Version 4 (what a signed request looks like).
"""

import base64
import binascii
from collections.abc import Iterator
from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.egress.injecting.addresses import decoded_path, parameters
from ringfence.egress.injecting.bodies import texts_at
from ringfence.protocols.http import RequestHead
from ringfence.vault.meanings import Meanings, Meant

__all__ = ["IN_BODIES", "Misplaced", "Place", "Placed", "basic_pair", "placed"]

IN_BODIES = frozenset({"body", "oauth"})
"""The kinds whose placeholders are looked for in bodies: these need the body as a whole."""

_SENT_AS_TOKEN = frozenset({"bearer", "oauth", "github-app"})
_AWS_PARAMETER = "X-Amz-Credential"


class Misplaced(RingfenceError):
    """A placeholder stands where no such credential is sent. Neither it nor a secret is repeated."""


class Place(StrEnum):
    """Where in a request."""

    TOKEN = "token"  # noqa: S105 - a scheme and the placeholder in `Authorization`: Bearer, token
    USER = "user"  # of basic authentication
    PASSWORD = "password"  # noqa: S105
    HEADER = "header"
    QUERY = "query"
    PATH = "path"
    BODY = "body"
    MESSAGE = "message"  # over a WebSocket
    SIGNATURE = "signature"  # it names the key that signed; the signature is made anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One placeholder in a request, where its credential is sent."""

    credential: str
    place: Place
    name: str  # of the header (lower case) or parameter; of a body the pointer; else empty
    text: str  # the placeholder
    meant: Meant


def placed(head: RequestHead, body: bytes, meaning: Meanings) -> tuple[Placed, ...]:
    """Every placeholder in the request that a secret is to take the place of.

    `head.target` is in canonical origin form. `body` is whole, or of no interest: see `IN_BODIES`.

    Raises:
        Misplaced: one stands where its kind does not.
    """
    if not meaning.kinds:
        return ()
    found = (*_in_target(head.target, meaning), *_in_headers(head, meaning))
    return tuple(dict.fromkeys((*map(_fitting, found), *_in_body(head, body, meaning))))


def basic_pair(value: str) -> tuple[str, str] | None:
    """User and password of an `Authorization: Basic …`; None where the value is none."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    text = rest.strip()
    try:
        pair = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        user, _, password = pair.decode().partition(":")
    except UnicodeDecodeError:
        user, _, password = pair.decode("latin-1").partition(":")
    return user, password


def _in_target(target: str, meaning: Meanings) -> Iterator[Placed]:
    path, mark, query = target.partition("?")
    read, seen = decoded_path(path), set[str]()
    for text, meant in meaning.within(read):
        seen.add(text)
        yield _one(meant, Place.PATH, "", text, fits=_fits_path(read, text, meant))
    for name, value in parameters(query) if mark else ():
        for _text, meant in meaning.within(name):
            raise _misplaced(meant)
        for text, meant in meaning.within(value):
            seen.add(text)
            if name.lower() == _AWS_PARAMETER.lower() and value.startswith(text + "/"):
                yield _one(meant, Place.SIGNATURE, name, text)
            else:
                yield _one(meant, Place.QUERY, name, text, fits=text == value)
    for text, meant in meaning.within(target):
        if text not in seen:  # across an escape
            raise _misplaced(meant)


def _in_headers(head: RequestHead, meaning: Meanings) -> Iterator[Placed]:
    for name, value in head.headers:
        for _text, meant in meaning.within(name):
            raise _misplaced(meant)
        if name.lower() == "authorization":
            yield from _in_authorization(value, meaning)
            continue
        for text, meant in meaning.within(value):
            yield _one(meant, Place.HEADER, name.lower(), text)


def _in_authorization(value: str, meaning: Meanings) -> Iterator[Placed]:
    pair = basic_pair(value)
    if pair is not None:
        for part, place in zip(pair, (Place.USER, Place.PASSWORD), strict=True):
            for text, meant in meaning.within(part):
                yield _one(meant, place, "authorization", text, fits=text == part)
    scheme, _, rest = value.strip().partition(" ")
    signed_with = _signing_key(rest) if scheme.startswith("AWS4-") else ""
    for text, meant in meaning.within(value):
        if signed_with == text:
            yield _one(meant, Place.SIGNATURE, "authorization", text)
        elif rest.strip() == text and scheme:
            yield _one(meant, Place.TOKEN, "authorization", text)
        else:
            yield _one(meant, Place.HEADER, "authorization", text)


def _in_body(head: RequestHead, body: bytes, meaning: Meanings) -> Iterator[Placed]:
    if not body or not meaning.kinds & IN_BODIES:
        return
    pointers = {"/refresh_token", *(each.said("pointer") for each in meaning.all(frozenset({"body"})))}
    for pointer, text in texts_at(head, body, pointers).items():
        meant = meaning(text)
        if meant is None:
            continue
        if meant.part == "refresh_token" or (meant.kind == "body" and meant.said("pointer") == pointer):
            yield Placed(credential=meant.credential, place=Place.BODY, name=pointer, text=text, meant=meant)


def _signing_key(rest: str) -> str:
    for each in rest.replace(" ", ",").split(","):
        name, _, value = each.partition("=")
        if name == "Credential":
            return value.partition("/")[0]
    return ""


def _one(meant: Meant, place: Place, name: str, text: str, *, fits: bool = True) -> Placed:
    if not fits:
        raise _misplaced(meant)
    return Placed(credential=meant.credential, place=place, name=name, text=text, meant=meant)


def _fitting(one: Placed) -> Placed:
    kind, meant = one.meant.kind, one.meant
    match one.place:
        case Place.TOKEN:
            fits = _is_token(meant) or (kind == "header" and meant.said("header").lower() == one.name)
        case Place.USER:
            fits = _is_token(meant)
        case Place.PASSWORD:
            fits = _is_token(meant) or kind == "basic"
        case Place.HEADER:
            fits = kind == "header" and meant.said("header").lower() == one.name
        case Place.QUERY:
            fits = kind == "query" and meant.said("parameter") == one.name
        case Place.PATH | Place.BODY | Place.MESSAGE:
            fits = True  # found there by what the credential says
        case Place.SIGNATURE:
            fits = kind == "aws" and meant.part == "key_id"
    if not fits:
        raise _misplaced(meant)
    return one


def _is_token(meant: Meant) -> bool:
    return meant.kind in _SENT_AS_TOKEN and meant.part != "refresh_token"


def _fits_path(path: str, text: str, meant: Meant) -> bool:
    before, hole, after = meant.said("template").partition("{}")
    if meant.kind != "path" or not hole or not path.startswith(before + text) or path.count(text) != 1:
        return False
    rest = path[len(before + text) :]
    return rest.startswith(after) if after else not rest or rest.startswith("/")


_BELONGS = {
    "bearer": "it is sent as Authorization: Bearer, or as the password of basic authentication",
    "oauth": "it is sent as Authorization: Bearer",
    "github-app": "it is sent as Authorization: Bearer, or as the password of basic authentication",
    "basic": "it is sent as the password of basic authentication",
    "header": "it is sent in the header {header}",
    "query": "it is sent as the parameter {parameter} of the address",
    "path": "it is sent in the path, as {template} says",
    "body": "it is sent in a JSON body or form, at {pointer}",
    "websocket": "it is sent in a message over a WebSocket, at {pointer}",
    "aws": "requests are signed with it; the secret key itself is never sent",
    "postgresql": "it is sent to a PostgreSQL server",
}


def _misplaced(meant: Meant) -> Misplaced:
    return Misplaced(
        f"the placeholder of {meant.credential} stands where no such credential is sent",
        hint=_BELONGS[meant.kind].format_map(dict(meant.public)),
    )
