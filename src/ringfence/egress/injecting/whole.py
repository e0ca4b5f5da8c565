"""All of it for one credential in one request: tokens got, signatures made, secrets put in."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from types import MappingProxyType

from ringfence.core.dataclass import dataclass
from ringfence.core.redaction import CUT
from ringfence.core.secrets import Secret
from ringfence.egress.injecting.addresses import path_text
from ringfence.egress.injecting.aws import signed
from ringfence.egress.injecting.inject import inject
from ringfence.egress.injecting.places import Place, Placed
from ringfence.egress.injecting.tokens import Tokens
from ringfence.protocols.http import RequestHead
from ringfence.vault.credential import Credential
from ringfence.vault.kinds import AwsSigV4, Basic, UrlPath, secret_parts

__all__ = ["Injected", "shown_instead", "with_secrets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """A request as it is sent. It is not shown."""

    head: RequestHead = field(repr=False)
    body: bytes = field(repr=False)
    secrets: Mapping[bytes, bytes] = field(repr=False)  # what an answer must not have, and what instead


async def with_secrets(
    head: RequestHead,
    body: bytes,
    credential: Credential,
    placed: Iterable[Placed],
    *,
    given: Mapping[str, str],
    authority: str,
    now: datetime,
    tokens: Tokens,
) -> Injected:
    """The request with this credential's secrets. `given` are the session's placeholders for it, by part.

    Raises:
        Misplaced: see `inject` and `aws.signed`.
        NoToken: see `Tokens.token`.
    """
    mine = [each for each in placed if each.credential == credential.name]
    parts, made = {each.meant.part for each in mine}, dict[str, Secret]()
    if "access_token" in parts:
        made["access_token"] = await tokens.token(credential)
    if "refresh_token" in parts:
        made["refresh_token"] = tokens.refresh_token(credential)
    in_place = [each for each in mine if each.place is not Place.SIGNATURE]
    head, body = inject(head, body, credential, in_place, made=made)
    head = signed(head, body, credential, mine, authority=authority, now=now)
    return Injected(head=head, body=body, secrets=shown_instead(credential, given, made))


def shown_instead(
    credential: Credential, given: Mapping[str, str], made: Mapping[str, Secret] = MappingProxyType({})
) -> dict[bytes, bytes]:
    """What an answer must not have of a credential, each with what is shown in its place."""
    parts = (*secret_parts(credential.authentication).items(), *made.items())
    found = {secret.reveal(): given.get(name, CUT).encode() for name, secret in parts}
    of = credential.authentication
    if isinstance(of, Basic):  # as a whole: on its own its end is not told apart in base64
        pairs = found.items()
        found |= {f"{of.user}:".encode() + one: f"{of.user}:".encode() + other for one, other in pairs}
    if isinstance(of, UrlPath):
        found |= {_escaped(secret): _escaped(instead) for secret, instead in found.items()}
    if isinstance(of, AwsSigV4) and "key_id" in given:
        found[of.key_id.encode()] = given["key_id"].encode()
    return found


def _escaped(text: bytes) -> bytes:
    return path_text(text.decode()).encode()
