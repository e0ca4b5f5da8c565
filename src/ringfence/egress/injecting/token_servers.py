"""What token servers are asked, and what their answers say. Nothing is sent here.

Sources: RFC 6749 (sections 5.1, 5.2, 6), RFC 7519, GitHub's pages on authenticating as an installation.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.vault.credential import Credential, host_and_port
from ringfence.vault.kinds import GithubApp, OAuth2

__all__ = [
    "Answer",
    "NoToken",
    "TokenRequest",
    "life",
    "members",
    "no_token",
    "read_answer",
    "token_request",
]

_UNTOLD = timedelta(minutes=5)  # how long a token is used whose server does not say
_LONGEST = timedelta(days=1)
_ERROR = re.compile(r"[a-z_]{1,40}")
_IN_JSON = frozenset({"console.anthropic.com", "platform.claude.com", "auth.openai.com"})  # read no forms
_GITHUB = frozenset({"github.com", "api.github.com"})


class NoToken(RingfenceError):
    """No token was got. Nothing of what was sent or answered is repeated but the error's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A POST to a token server."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What it answered; `body` is whole and not longer than `LIMITS.token_answer_bytes`."""

    status: int
    body: bytes = field(repr=False)


def token_request(credential: Credential, refresh: Secret, now: datetime) -> TokenRequest:
    """What to ask for a token. `refresh` is the refresh token as it is now.

    Raises:
        NoToken: nobody is to be asked.
    """
    of = credential.authentication
    if isinstance(of, GithubApp):
        told = (
            ("Authorization", f"Bearer {_signed_by_app(of, now)}"),
            ("Accept", "application/vnd.github+json"),
        )
        where = f"{_github_api(credential)}/app/installations/{of.installation}/access_tokens"
        return TokenRequest(url=where, headers=told, body=b"")
    if not isinstance(of, OAuth2):
        raise no_token(credential, f"of {credential.kind} no token is made")
    sent = {
        "grant_type": "refresh_token",
        "refresh_token": refresh.reveal().decode(),
        "client_id": of.client_id,
    }
    if of.client_secret is not None:
        sent["client_secret"] = of.client_secret.reveal().decode()
    in_json = urlsplit(of.token_url).hostname in _IN_JSON
    kind = "application/json" if in_json else "application/x-www-form-urlencoded"
    body = json.dumps(sent) if in_json else urlencode(sent)
    headers = (("Content-Type", kind), ("Accept", "application/json"))
    return TokenRequest(url=of.token_url, headers=headers, body=body.encode())


def read_answer(credential: Credential, answer: Answer) -> dict[str, Json]:
    """The members of a good answer, as OAuth names them; `access_token` is among them.

    Raises:
        NoToken: it is none.
    """
    try:
        told, _ = members(credential, answer.body)
    except NoToken:
        if answer.status in range(200, 300):
            raise
        told = {}
    if answer.status not in range(200, 300):
        error = told.get("error")
        known = f" ({error})" if isinstance(error, str) and _ERROR.fullmatch(error) else ""
        raise no_token(credential, f"the server answered {answer.status}{known}")
    if isinstance(credential.authentication, GithubApp):
        return {"access_token": told.get("token"), "expires_at": told.get("expires_at")}
    kind = told.get("token_type", "bearer")
    if "access_token" not in told or not isinstance(kind, str) or kind.lower() != "bearer":
        raise no_token(credential, "the server's answer has no bearer token")
    return told


def members(credential: Credential, body: bytes) -> tuple[dict[str, Json], bool]:
    """The answer's members, and whether it is a form, as some servers send unless asked for JSON.

    Raises:
        NoToken: it is neither.
    """
    try:
        read = parse(body, max_bytes=LIMITS.token_answer_bytes)
    except BadJson:
        text = body[: LIMITS.token_answer_bytes + 1].decode("latin-1")
        pairs = parse_qsl(text) if len(body) <= LIMITS.token_answer_bytes else []
        form: dict[str, Json] = dict(pairs)
        if "access_token" in form or "error" in form:
            return form, True
    else:
        if isinstance(read, dict):
            return read, False
    raise no_token(credential, "the server's answer cannot be read")


def life(answer: Mapping[str, Json], now: datetime) -> timedelta:
    """How long the token lasts, as the answer says."""
    seconds, end = answer.get("expires_in"), answer.get("expires_at")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds[:10])
    if type(seconds) is int and seconds > 0:
        return min(timedelta(seconds=min(seconds, 10**9)), _LONGEST)
    if isinstance(end, str):
        try:
            moment = datetime.fromisoformat(end)
        except ValueError:
            return _UNTOLD
        if moment.tzinfo is not None:
            return max(min(moment.astimezone(UTC) - now, _LONGEST), timedelta())
    return _UNTOLD


def _signed_by_app(of: GithubApp, now: datetime) -> str:
    """A JSON Web Token for the app itself, good for nine minutes; a clock may be a minute ahead."""
    key = load_pem_private_key(of.private_key.reveal(), password=None)
    assert isinstance(key, RSAPrivateKey)
    at = int(now.timestamp())
    facts = {"iat": at - 60, "exp": at + 540, "iss": of.app_id}
    said = f"{_part(json.dumps({'alg': 'RS256', 'typ': 'JWT'}).encode())}.{_part(json.dumps(facts).encode())}"
    return f"{said}.{_part(key.sign(said.encode(), PKCS1v15(), SHA256()))}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _github_api(credential: Credential) -> str:
    """GitHub's own, or that of the server that the credential is bound to."""
    for pattern in credential.binding.hosts:
        host, port = host_and_port(pattern)
        if host in _GITHUB or host.endswith(".github.com"):
            return "https://api.github.com"
        if "*" not in host:
            return f"https://{host}{'' if port is None else f':{port}'}/api/v3"
    raise no_token(credential, "it is bound to no host that could be asked")


def no_token(credential: Credential, why: str) -> NoToken:
    """None for this credential, and why."""
    return NoToken(
        f"no token was got for {credential.name}: {why}",
        hint=f"if it has ended or was revoked: ringfence vault rotate {credential.name}",
    )
