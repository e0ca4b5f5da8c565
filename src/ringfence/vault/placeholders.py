"""What a box has in the place of a secret: as long, of the same shape, random for each session.

Nobody learns the secret from it. What it keeps are marks that all such secrets have, which services publish
(`ghp_`, `sk-ant-…`), and, where the value is made of letters, digits and separators alone, where its
separators stand. All else is drawn anew, from the kinds of characters that the secret has. A JSON Web Token
becomes one that says nothing and never expires, since clients look into theirs.

The table of whose placeholder stands for what is the broker's to keep.
"""

import base64
import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import field

from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.vault.credential import Credential
from ringfence.vault.kinds import Authentication, AwsSigV4, GithubApp, OAuth2, public_parts, secret_parts
from ringfence.vault.meanings import Meanings, Meant, read_state, written_state

__all__ = ["Placeholders", "TooMany", "placeholder", "stand_ins"]

_MARK = re.compile(
    r"sk-ant-[a-z]+[0-9]{2}-|sk-(?:ant|or-v1|or|proj|svcacct)-|sk-|(?:sk|rk|pk)_(?:live|test)_|whsec_"
    r"|gh[opsur]_|github_pat_|glpat-|gldt-|xox[a-z]-|xapp-|hf_|gsk_|r8_|xai-|pplx-|nvapi-|lin_api_|ntn_"
    r"|npm_|pypi-|dop_v1_|dapi|tgp_v1_|fw_|jina_|lsv2_|AIza|ya29\.|SG\.|AKIA|ASIA|secret_"
)
_KEPT = frozenset("-_.:=/+")
_OTHER = "-_.~"
_HEX = (frozenset("0123456789abcdef"), frozenset("0123456789ABCDEF"))
_DRAWN = 6  # characters at least; of less nothing is kept
_TRIES = 1_000
_FOREVER = 4_102_444_800  # 2100
_JWT_PART = re.compile(r"[A-Za-z0-9_-]+")

Randomness = Callable[[int], bytes]


class TooMany(RingfenceError):
    """There are more placeholders than are kept."""


def placeholder(secret: str, randomness: Randomness) -> str:
    """Another text of the same length, of the same kinds of characters, that tells nothing of `secret`."""
    token = _web_token(secret, randomness)
    if token is not None and token != secret:
        return token
    mark = _MARK.match(secret)
    begin = mark[0] if mark and len(secret) - mark.end() >= _DRAWN else ""
    rest = secret[len(begin) :]
    named = sum(each.isascii() and each.isalnum() for each in rest)
    is_token = named >= _DRAWN and named + sum(each in _KEPT for each in rest) == len(rest)
    fixed = {at for at, each in enumerate(rest) if is_token and each in _KEPT}
    alphabet = _alphabet([each for at, each in enumerate(rest) if at not in fixed])
    kinds = {_kind(each) for each in rest}
    for _ in range(_TRIES):
        drawn = _drawn(alphabet, len(rest), randomness)
        made = "".join(rest[at] if at in fixed else each for at, each in enumerate(drawn))
        if made != rest and {_kind(each) for each in made} == kinds:
            return begin + made
    raise ValueError("of so short a secret no other one of its shape can be made")


def stand_ins(of: Authentication, randomness: Randomness) -> Mapping[str, str]:
    """What a box may be given for a credential, by the part that it stands for.

    Where tokens are made of it outside, `access_token` stands for these, and the rest stays outside too.
    """
    match of:
        case OAuth2():
            shown = {"refresh_token": placeholder(of.refresh_token.reveal().decode(), randomness)}
            return {**shown, "access_token": _drawn(_LETTERS_AND_DIGITS, 43, randomness)}
        case GithubApp():
            return {"access_token": "ghs_" + _drawn(_LETTERS_AND_DIGITS, 36, randomness)}
        case AwsSigV4():
            id_ = placeholder(of.key_id, randomness)
            return {"key_id": id_, "secret_key": placeholder(of.secret_key.reveal().decode(), randomness)}
    parts = secret_parts(of).items()
    return {name: placeholder(each.reveal().decode(), randomness) for name, each in parts}


@dataclass(slots=True, kw_only=True)
class Placeholders:
    """Which placeholder stands for what, in which session. One thread uses it."""

    randomness: Randomness
    _by_session: dict[str, dict[str, Meant]] = field(default_factory=dict, repr=False)
    _known: dict[str, Meanings] = field(default_factory=dict, repr=False)
    _count: int = 0

    def give(self, session: str, credential: Credential) -> Mapping[str, str]:
        """The placeholders for a credential in a session, by part: the same ones whenever it is asked.

        Raises:
            TooMany: no more are kept.
        """
        own = self._by_session.get(session, {})
        given = {each.part: text for text, each in own.items() if each.credential == credential.name}
        if given:
            return given
        made = stand_ins(credential.authentication, self.randomness)
        public = tuple(sorted(public_parts(credential.authentication).items()))
        self._add(
            session,
            {
                text: Meant(credential=credential.name, part=part, kind=credential.kind, public=public)
                for part, text in made.items()
            },
        )
        return made

    def also(self, session: str, secret: str, meant: Meant) -> str:
        """Another placeholder, for a secret of that shape which came only now.

        Raises:
            TooMany: no more are kept.
        """
        made = placeholder(secret, self.randomness)
        self._add(session, {made: meant})
        return made

    def meaning(self, session: str, text: str) -> Meant | None:
        """What a text stands for in this session; None in every other."""
        return self._by_session.get(session, {}).get(text)

    def of(self, session: str) -> Meanings:
        """All that stand for something in a session, to be looked for."""
        if session not in self._known:
            self._known[session] = Meanings(self._by_session.get(session, {}))
        return self._known[session]

    def end(self, session: str) -> None:
        """Forgets a session: its placeholders stand for nothing any more."""
        self._count -= len(self._by_session.pop(session, {}))
        self._known.pop(session, None)

    def to_state(self, session: str) -> str:
        """A session's table as JSON, without any secret, for whoever stands in for this process."""
        return written_state(self._by_session.get(session, {}))

    def from_state(self, session: str, state: str) -> None:
        """Puts a session's table back, as `to_state` wrote it, in the place of what is known of it.

        Raises:
            BadState: it is none.
            TooMany: no more are kept.
        """
        read = read_state(state)
        self.end(session)
        self._add(session, read)

    def _add(self, session: str, made: Mapping[str, Meant]) -> None:
        if self._count + len(made) > LIMITS.vault_placeholders:
            raise TooMany("there are too many placeholders at one time", hint="end sessions that are over")
        own = self._by_session.setdefault(session, {})
        self._count += len(made.keys() - own.keys())
        own |= made
        self._known.pop(session, None)


_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def _alphabet(characters: list[str]) -> str:
    seen = frozenset(characters)
    kinds = {_kind(each) for each in seen}
    for digits in _HEX:
        if len(characters) >= 16 and seen <= digits and len(kinds) == 2:
            return "".join(sorted(digits))
    letters = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "digit": string.digits}
    return "".join(text for kind, text in {**letters, "other": _OTHER}.items() if kind in kinds)


def _kind(character: str) -> str:
    if not character.isascii():
        return "other"
    if character.isdigit():
        return "digit"
    return "lower" if character.islower() else "upper" if character.isupper() else "other"


def _drawn(alphabet: str, count: int, randomness: Randomness) -> str:
    """Characters of the alphabet, each as likely as the others."""
    if not alphabet:
        return " " * count  # nothing of it is looked at
    limit = 256 - 256 % len(alphabet)
    found: list[str] = []
    while len(found) < count:
        found += [alphabet[each % len(alphabet)] for each in randomness(count) if each < limit]
    return "".join(found[:count])


def _web_token(secret: str, randomness: Randomness) -> str | None:
    """A token of the same lengths (RFC 7519), where the secret is one that has room for what clients read."""
    parts = secret.split(".")
    if len(parts) != 3 or not all(map(_JWT_PART.fullmatch, parts)) or not _is_object(parts[0]):
        return None
    head = _json_part({"alg": "HS256", "typ": "JWT"}, len(parts[0]), randomness)
    body = _json_part({"exp": _FOREVER}, len(parts[1]), randomness)
    if head is None or body is None:
        return None
    return f"{head}.{body}.{_drawn(_LETTERS_AND_DIGITS + '-_', len(parts[2]), randomness)}"


def _is_object(part: str) -> bool:
    try:
        return isinstance(parse(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))), dict)
    except (ValueError, BadJson):
        return False


def _json_part(facts: dict[str, str | int], chars: int, randomness: Randomness) -> str | None:
    """Base64 of so many characters, of an object with these facts and something random; None: too short."""
    size = chars * 3 // 4
    bare = len(json.dumps({**facts, "jti": ""}, separators=(",", ":")))
    if size < bare or chars % 4 == 1:
        return None
    filled = json.dumps(
        {**facts, "jti": _drawn(_LETTERS_AND_DIGITS, size - bare, randomness)}, separators=(",", ":")
    )
    return base64.urlsafe_b64encode(filled.encode()).decode().rstrip("=")
