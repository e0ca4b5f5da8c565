"""Tokens that are made of secrets outside of every box: OAuth 2.0 refresh tokens, and keys of GitHub Apps.

One request at a time is made for a credential; its token is kept until shortly before it expires. Where the
server gives a new refresh token, the old one may be worth nothing from then on: the new one is used at once,
and handed to `rotated`, which keeps it in the vault.

What a token server answers to a program in a box is sealed again: each token in it becomes the placeholder
that the box has for it, and is kept here.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.secrets import Secret
from ringfence.egress.injecting.token_servers import (
    Answer,
    NoToken,
    TokenRequest,
    life,
    members,
    no_token,
    read_answer,
    token_request,
)
from ringfence.vault.credential import Credential
from ringfence.vault.kinds import GithubApp, OAuth2
from ringfence.vault.meanings import Meant
from ringfence.vault.placeholders import Placeholders
from ringfence.vault.shapes import SHORTEST
from ringfence.vault.shapes import token as token_problem

__all__ = ["Answer", "Fetch", "NoToken", "TokenRequest", "Tokens"]

_EARLY = timedelta(seconds=60)  # before the end; of short ones a tenth
_DEPTH = 8  # of an answer

Fetch = Callable[[TokenRequest], Awaitable[Answer]]
"""Sends it over TLS, follows no redirect. Raises NoToken where nobody answers."""


@dataclass(slots=True)
class _Kept:
    refresh: Secret  # that the next token is got with; of an app its key
    was: Secret  # as the vault had it when that one came
    token: Secret | None = None
    until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Tokens:
    """Gets and keeps tokens. `rotated` is told a credential's new refresh token."""

    fetch: Fetch = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)  # UTC
    rotated: Callable[[Credential, Secret], Awaitable[None]] = field(repr=False)
    _kept: dict[str, _Kept] = field(default_factory=dict, repr=False)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict, repr=False)

    async def token(self, credential: Credential) -> Secret:
        """A token that is good for a while.

        Raises:
            NoToken: none was got.
        """
        async with self._turns.setdefault(credential.name, asyncio.Lock()):
            kept = self._of(credential)
            if kept.token is not None and kept.until is not None and self.clock() < kept.until:
                return kept.token
            request = token_request(credential, kept.refresh, self.clock())
            answer = await self.fetch(request)
            return await self._take(credential, read_answer(credential, answer))

    def forget(self, credential: Credential) -> None:
        """The token was refused: another one is got when one is needed."""
        if credential.name in self._kept:
            self._kept[credential.name].token = None

    async def sealed(
        self, body: bytes, credential: Credential, *, session: str, table: Placeholders
    ) -> bytes:
        """A token server's good answer to a box, with placeholders for its tokens; these are kept.

        Raises:
            NoToken: it cannot be read, so nobody knows what is in it.
        """
        answer, is_form = members(credential, body)
        if "access_token" in answer:
            await self._take(credential, answer)
        found = dict[str, str]()

        def instead(name: str, value: str) -> str:
            if value not in found:
                given = table.give(session, credential)
                found[value] = given.get(name) or table.also(session, value, _meant(credential, name))
            return found[value]

        made = _sealed(credential, answer, "", instead, _DEPTH)
        if is_form and isinstance(made, dict):
            return urlencode({name: str(value) for name, value in made.items()}).encode()
        text = json.dumps(made)
        for secret, stand_in in found.items():
            text = text.replace(json.dumps(secret)[1:-1], json.dumps(stand_in)[1:-1])
        return text.encode()

    def refresh_token(self, credential: Credential) -> Secret:
        """As it is now: the server may have given another one than the vault has."""
        return self._of(credential).refresh

    def _of(self, credential: Credential) -> _Kept:
        """What is kept of it; anew where the vault has another secret than before."""
        of = credential.authentication
        secret = of.refresh_token if isinstance(of, OAuth2) else _key(credential)
        kept = self._kept.get(credential.name)
        if kept is None or secret not in (kept.was, kept.refresh):
            kept = self._kept[credential.name] = _Kept(refresh=secret, was=secret)
        return kept

    async def _take(self, credential: Credential, answer: Mapping[str, Json]) -> Secret:
        kept, text = self._of(credential), answer["access_token"]
        if not isinstance(text, str) or token_problem(text) is not None:
            raise no_token(credential, "the server's answer has no token that can be sent")
        lasts = life(answer, self.clock())
        kept.token, kept.until = Secret(text.encode()), self.clock() + lasts - min(_EARLY, lasts / 10)
        another = answer.get("refresh_token")
        if isinstance(another, str) and token_problem(another) is None:
            secret = Secret(another.encode())
            of = credential.authentication
            if isinstance(of, OAuth2) and secret != kept.refresh:
                kept.was, kept.refresh = of.refresh_token, secret
                await self.rotated(credential, secret)
        return kept.token


def _sealed(
    credential: Credential, value: Json, name: str, instead: Callable[[str, str], str], depth: int
) -> Json:
    """The value with another text for each that stands under a name that ends in `token`."""
    if isinstance(value, (dict, list)) and not depth:
        raise no_token(credential, "the server's answer cannot be read")
    if isinstance(value, dict):
        return {key: _sealed(credential, each, key, instead, depth - 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_sealed(credential, each, name, instead, depth - 1) for each in value]
    if not name.lower().endswith("token") or value is None or isinstance(value, bool):
        return value
    if not isinstance(value, str) or len(value) < SHORTEST:
        raise no_token(credential, "the server's answer has a token that is none")
    return instead(name, value)


def _key(credential: Credential) -> Secret:
    of = credential.authentication
    if not isinstance(of, GithubApp):
        raise no_token(credential, f"of {credential.kind} no token is made")
    return of.private_key


def _meant(credential: Credential, part: str) -> Meant:
    return Meant(credential=credential.name, part=part, kind=credential.kind)
