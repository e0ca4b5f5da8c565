"""What credentials a program brings itself, and where: where the vault serves a host, these are others'.

Found are those places whose names say so, in the words that services use, and the parameters of addresses
that were signed beforehand. A placeholder is found as any other value is; who asks knows its own ones. Each
value is the text that a placeholder would be equal to.

Sources: RFC 9110, 6749, 6750 and 7617; AWS Signature Version 4, Google's V4 signed URLs, Azure's shared
access signatures; the pages of GitHub, GitLab, Google and others on how their keys are sent.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import field
from urllib.parse import unquote_plus

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, RequestHead
from ringfence.protocols.targets import canonical_target

__all__ = ["Brought", "brought"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """One of them."""

    place: str  # without the value: "header authorization", "query apikey", "body auth.token"
    value: str = field(repr=False)


# Of a name, in lower case and without separators.
_SECRETIVE = re.compile(
    r"apikey|authkey|accesskey|accountkey|subscriptionkey|licensekey|secret|passw(?:or)?d$|passphrase|token|jwt"
    r"|credential|bearer|authorization|signature$|cookie|sessionkey|privatekey|assertion$|^auth$|^xauth"
)
_SPEAKS_OF_TOKENS = re.compile(
    r"tokens$|tokencount|tokenlimit|tokenbudget|tokentype|tokenize|maxtoken|pagetoken|nexttoken|synctoken"
    r"|continuationtoken|cursortoken|csrf|xsrf|tokenusage|tokenurl|tokenuri|tokenendpoint|credentials?type"
)
_IN_HEADERS = frozenset({"key", "hmac", "xkey"})
_IN_QUERIES = frozenset(
    {"key", "sig", "hmac", "awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "xamzcredential"}
)
_IN_BODIES = frozenset({"code", "devicecode", "codeverifier"})  # where `grant_type` stands beside them
_NOBODYS = frozenset(  # given by services to whoever comes, against floods
    {"__cf_bm", "_cfuvid", "cf_clearance", "__cflb", "awsalb", "awsalbcors", "awsalbtg", "awsalbtgcors"}
)
_AWS_KEY_ID = re.compile(r"Credential=([^/,\s]+)/")
_AWS_SCHEME = re.compile(r"AWS4-[A-Z0-9-]+", re.IGNORECASE)


def brought(head: RequestHead, body: bytes) -> tuple[Brought, ...]:
    """All of them; `body` may be its beginning alone.

    Raises:
        BadHttp: there is no telling.
    """
    query = canonical_target(head.target).query
    found = [*_in_headers(head), *_in_query(query), *_in_body(head, body)]
    return tuple(each for each in found if each.value)


def _in_headers(head: RequestHead) -> Iterator[Brought]:
    for name, value in head.headers:
        key = name.lower()
        if key in ("authorization", "proxy-authorization"):
            yield Brought(place=f"header {key}", value=_of_scheme(value))
        elif key == "cookie":
            yield from _cookies(value)
        elif key == "sec-websocket-protocol":
            yield from _subprotocols(value)
        elif _is_secretive(key, _IN_HEADERS):
            yield Brought(place=f"header {key}", value=value)


def _of_scheme(value: str) -> str:
    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "basic":
        return _password(rest)
    if _AWS_SCHEME.fullmatch(scheme):
        key_id = _AWS_KEY_ID.search(rest)
        return key_id[1] if key_id else rest
    return rest or scheme  # some services take the key without a scheme


def _password(value: str) -> str:
    """The password; where there is none the user, as some services take their tokens."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return value
    user, _, password = text.partition(":")
    return password or user


def _cookies(value: str) -> Iterator[Brought]:
    for each in value.split(";"):
        name, _, text = each.strip().partition("=")
        if name.lower() not in _NOBODYS:
            yield Brought(place="header cookie", value=text or name)


def _subprotocols(value: str) -> Iterator[Brought]:
    """Programs that cannot set headers of a WebSocket name their key as a protocol."""
    offered = [each.strip() for each in value.split(",")]
    for each in offered:
        if _is_secretive(each.lower(), frozenset()):
            yield Brought(place="header sec-websocket-protocol", value=each.rpartition(".")[2])


def _in_query(query: tuple[tuple[str, str], ...]) -> Iterator[Brought]:
    names = {_squeezed(name) for name, _ in query}
    for name, value in query:
        key = _squeezed(name)
        if key in ("xamzcredential", "xgoogcredential"):
            yield Brought(place=f"query {key}", value=value.partition("/")[0])
        elif key in ("xamzsignature", "xgoogsignature") and names & {"xamzcredential", "xgoogcredential"}:
            continue  # the signature of that one
        elif _is_secretive(name, _IN_QUERIES):
            yield Brought(place=f"query {key}", value=value)


def _in_body(head: RequestHead, body: bytes) -> Iterator[Brought]:
    kind = ",".join(head.headers.all("content-type")).lower()
    if "x-www-form-urlencoded" in kind:
        yield from _in_form(body)
    elif body.lstrip()[:1] in (b"{", b"["):
        try:
            document = parse(body, max_bytes=LIMITS.app_push_bytes)
        except BadJson:
            return  # cut short, or none; what must be understood is refused by `interpret`
        if isinstance(document, dict):
            yield from _in_object(document)


def _in_form(body: bytes) -> Iterator[Brought]:
    text = body.decode("latin-1")
    if text.count("&") >= LIMITS.http_query_values:
        raise BadHttp(f"more than {LIMITS.http_query_values} values in a form")
    pairs = [(unquote_plus(name), unquote_plus(value)) for name, _, value in _parted(text)]
    more = _IN_BODIES if any(name == "grant_type" for name, _ in pairs) else frozenset()
    for name, value in pairs:
        if _is_secretive(name, more):
            yield Brought(place=f"body {_squeezed(name)}", value=value)


def _parted(text: str) -> Iterator[tuple[str, str, str]]:
    return (each.partition("=") for each in text.split("&") if each)


def _in_object(document: dict[str, Json]) -> Iterator[Brought]:
    """Of objects within objects alone: what lists hold is content, such as what a model is told."""
    waiting: list[tuple[str, dict[str, Json], int]] = [("", document, 1)]
    seen = 0
    while waiting:
        where, each, depth = waiting.pop()
        more = _IN_BODIES if "grant_type" in each else frozenset()
        for name, value in each.items():
            seen += 1
            if seen > LIMITS.brought_values:
                return
            if isinstance(value, dict) and depth < LIMITS.brought_depth:
                waiting.append((f"{where}{_squeezed(name)}.", value, depth + 1))
            elif isinstance(value, str) and _is_secretive(name, more):
                yield Brought(place=f"body {where}{_squeezed(name)}", value=value)


def _is_secretive(name: str, more: frozenset[str]) -> bool:
    key = _squeezed(name)
    return key in more or (bool(_SECRETIVE.search(key)) and not _SPEAKS_OF_TOKENS.search(key))


def _squeezed(name: str) -> str:
    """Letters and digits of a name, as it is compared and shown: nothing that could be a value."""
    return "".join(each for each in name[:60].lower() if each.isascii() and each.isalnum())
