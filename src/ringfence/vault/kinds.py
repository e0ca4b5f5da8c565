"""The kinds of credentials: a closed union, and one table of what holds for each.

What a kind needs are its fields. Those whose type is `Secret` are never shown. How each is put into a request
is the broker's work.

Sources: RFC 6750 (bearer), RFC 7617 (basic), RFC 6749 (refresh tokens), AWS Signature Version 4, GitHub's
pages on authenticating as an installation of an app, Telegram's and Discord's pages for bots.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ringfence.core.dataclass import dataclass
from ringfence.core.secrets import Secret
from ringfence.vault import shapes
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.shapes import Shape

__all__ = [
    "KINDS",
    "Authentication",
    "AwsSigV4",
    "Basic",
    "Bearer",
    "BodyField",
    "GithubApp",
    "Header",
    "KindOf",
    "OAuth2",
    "Part",
    "PostgresqlPassword",
    "Query",
    "UrlPath",
    "WebSocketMessage",
    "authentication",
    "kind_named",
    "kind_of",
    "public_parts",
    "secret_parts",
]


def _is(shape: Shape, says: str) -> Mapping[str, Shape | str]:
    return {"shape": shape, "says": says}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """`Authorization: Bearer …`."""

    token: Secret = field(metadata=_is(shapes.token, "the token"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header of its own: `x-api-key: …`."""

    header: str = field(metadata=_is(shapes.header_name, "the header's name"))
    value: Secret = field(metadata=_is(shapes.token, "its value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """`Authorization: Basic …`; git over HTTPS uses it."""

    user: str = field(metadata=_is(shapes.line, "the user's name"))
    password: Secret = field(metadata=_is(shapes.password, "the password or token"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parameter of the address: `?key=…`."""

    parameter: str = field(metadata=_is(shapes.line, "the parameter's name"))
    value: Secret = field(metadata=_is(shapes.token, "its value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlPath:
    """A part of the path, as Telegram's bots have it: `/bot…/sendMessage`."""

    template: str = field(
        metadata=_is(shapes.template, "the path's beginning with {} for the secret: /bot{}/")
    )
    token: Secret = field(metadata=_is(shapes.token, "what stands there"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyField:
    """A member of a JSON body."""

    pointer: str = field(metadata=_is(shapes.pointer, "where, as a JSON pointer: /auth/token"))
    value: Secret = field(metadata=_is(shapes.password, "its value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketMessage:
    """A member of a JSON message that a WebSocket's client sends, as Discord's bots identify themselves."""

    pointer: str = field(metadata=_is(shapes.pointer, "where, as a JSON pointer: /d/token"))
    token: Secret = field(metadata=_is(shapes.token, "what stands there"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSigV4:
    """A signature over each request."""

    key_id: str = field(metadata=_is(shapes.token, "the access key's id"))
    region: str = field(metadata=_is(shapes.line, "the region: eu-central-1"))
    service: str = field(metadata=_is(shapes.line, "the service: s3"))
    secret_key: Secret = field(metadata=_is(shapes.token, "the secret access key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """A bearer token that is got with a refresh token, outside of every box."""

    token_url: str = field(metadata=_is(shapes.url, "where tokens are got"))
    client_id: str = field(metadata=_is(shapes.line, "the client's id"))
    refresh_token: Secret = field(metadata=_is(shapes.token, "the refresh token"))
    client_secret: Secret | None = field(
        default=None, metadata=_is(shapes.password, "the client's secret, where it has one")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubApp:
    """A token of an installation of a GitHub App, which is got with the app's key."""

    app_id: str = field(metadata=_is(shapes.line, "the app's id"))
    installation: str = field(metadata=_is(shapes.line, "the installation's id"))
    private_key: Secret = field(metadata=_is(shapes.pem, "the app's private key, in PEM"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlPassword:
    """A user's password at a PostgreSQL server."""

    user: str = field(metadata=_is(shapes.line, "the user's name"))
    password: Secret = field(metadata=_is(shapes.password, "the password"))


Authentication = (
    Bearer
    | Header
    | Basic
    | Query
    | UrlPath
    | BodyField
    | WebSocketMessage
    | AwsSigV4
    | OAuth2
    | GithubApp
    | PostgresqlPassword
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a kind."""

    name: str
    says: str
    is_secret: bool
    is_needed: bool
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOf:
    """What holds for all credentials of one kind."""

    name: str  # as people write it; never reused for another meaning
    made: type[Any]
    parts: tuple[Part, ...]

    @property
    def secrets(self) -> tuple[Part, ...]:
        """Those that are never shown."""
        return tuple(each for each in self.parts if each.is_secret)


def _kind(name: str, made: type[Any]) -> KindOf:
    return KindOf(
        name=name,
        made=made,
        parts=tuple(
            Part(
                name=each.name,
                says=each.metadata["says"],
                is_secret=each.type is not str,
                is_needed=each.default is dataclasses.MISSING,
                shape=each.metadata["shape"],
            )
            for each in dataclasses.fields(made)
        ),
    )


KINDS: tuple[KindOf, ...] = (
    _kind("bearer", Bearer),
    _kind("header", Header),
    _kind("basic", Basic),
    _kind("query", Query),
    _kind("path", UrlPath),
    _kind("body", BodyField),
    _kind("websocket", WebSocketMessage),
    _kind("aws", AwsSigV4),
    _kind("oauth", OAuth2),
    _kind("github-app", GithubApp),
    _kind("postgresql", PostgresqlPassword),
)

_BY_NAME = {each.name: each for each in KINDS}
_BY_TYPE = {each.made: each for each in KINDS}


def kind_named(name: str) -> KindOf:
    """The kind.

    Raises:
        CredentialRefused: there is none of that name.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name == "ssh":
        raise CredentialRefused(
            "SSH keys are not kept: what they sign cannot be looked into on its way",
            hint="use HTTPS: --kind basic --host github.com, and git remote set-url origin https://…",
        )
    raise CredentialRefused(
        "there is no such kind of credential", hint=f"one of: {', '.join(each.name for each in KINDS)}"
    )


def kind_of(value: Authentication) -> KindOf:
    """What holds for its kind."""
    return _BY_TYPE[type(value)]


def authentication(kind: KindOf, values: Mapping[str, str]) -> Authentication:
    """The value made of its parts as text, secrets among them.

    Raises:
        CredentialRefused: a part is missing, too many, or not what it should be.
    """
    if unknown := values.keys() - {each.name for each in kind.parts}:
        raise CredentialRefused(
            f"a {kind.name} credential has no {', '.join(sorted(map(_shown, unknown)))}",
            hint=f"it has: {', '.join(each.name for each in kind.parts)}",
        )
    made: dict[str, str | Secret] = {}
    for part in kind.parts:
        value = values.get(part.name)
        if value is None:
            if part.is_needed:
                raise _refused(kind, part, "it is missing")
            continue
        if "-----BEGIN OPENSSH" in value:
            kind_named("ssh")
        problem = part.shape(value)
        if problem is not None:
            raise _refused(kind, part, problem)
        made[part.name] = Secret(value.encode()) if part.is_secret else value
    built: Authentication = kind.made(**made)
    return built


def public_parts(value: Authentication) -> Mapping[str, str]:
    """What may be shown of it."""
    return {each.name: getattr(value, each.name) for each in kind_of(value).parts if not each.is_secret}


def secret_parts(value: Authentication) -> Mapping[str, Secret]:
    """What may not."""
    found = {each.name: getattr(value, each.name) for each in kind_of(value).secrets}
    return {name: secret for name, secret in found.items() if secret is not None}


def _refused(kind: KindOf, part: Part, problem: str) -> CredentialRefused:
    return CredentialRefused(f"{kind.name}: {part.name} ({part.says}): {problem}", hint="see docs/vault.md")


def _shown(name: str) -> str:
    """A part's name that nobody knows may be a value that was put in the wrong place."""
    return name if name.isascii() and name.replace("_", "").isalpha() and len(name) < 20 else "such part"
