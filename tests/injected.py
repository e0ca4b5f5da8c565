"""Credentials of every kind, what boxes have for them, and requests, as tests of injecting use them."""

import os
from collections.abc import Mapping

from ringfence.protocols.http import Headers, RequestHead
from ringfence.vault.credential import Binding, Credential
from ringfence.vault.kinds import authentication, kind_named
from ringfence.vault.meanings import Meanings
from ringfence.vault.placeholders import Placeholders
from vaults import AT, WHOLE

__all__ = ["Session", "credential", "request"]


def credential(kind: str, *, name: str = "one", host: str = "example.com", **parts: str) -> Credential:
    """A credential of that kind."""
    return Credential(
        name=name,
        authentication=authentication(kind_named(kind), {**WHOLE[kind], **parts}),
        binding=Binding(hosts=(host,)),
        made_at=AT,
    )


class Session:
    """One session that was given these."""

    def __init__(self, *credentials: Credential) -> None:
        self.table = Placeholders(randomness=os.urandom)
        self.given: Mapping[str, Mapping[str, str]] = {
            each.name: self.table.give("mine", each) for each in credentials
        }

    @property
    def meaning(self) -> Meanings:
        return self.table.of("mine")

    def text(self, part: str, name: str = "one") -> str:
        """The placeholder for a part."""
        return self.given[name][part]


def request(target: str = "/", method: str = "GET", **headers: str) -> RequestHead:
    """A request; `x_api_key` is the header `x-api-key`."""
    items = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return RequestHead(method=method, target=target, headers=Headers(items))
