"""The vault as a file, and back: a line that says how to open it, and one sealed body.

    ringfence vault 1\\n
    {"generation":7,"key":{"id":"…","place":"file"}}\\n
    salt, nonce, AES-256-GCM over the body, bound to the two lines

The body is JSON: for each credential its name, kind, public parts, binding and times, and its secrets sealed
once more, bound to all of these. So nothing can be put in another's place, lists are shown without any secret
being opened, and whoever uses one opens that one alone.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.vault.credential import Binding, Credential
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.kinds import authentication, kind_named, public_parts, secret_parts
from ringfence.vault.sealing import NotSealed, sealed, unsealed

__all__ = [
    "SCRYPT_COSTS",
    "BadFile",
    "Entry",
    "Header",
    "KeyPlace",
    "KeyUse",
    "State",
    "closed",
    "header_of",
    "kept",
    "opened",
]

_MAGIC = b"ringfence vault 1\n"
_HEADER_BYTES = 1_000
_ID = re.compile(r"[0-9a-f]{16}")
_LARGEST = 2**53 - 1
SCRYPT_COSTS = range(17, 20)
"""Of scrypt with r=8 and p=1, as powers of two: 17 takes 128 MiB, 19 takes 512."""


class BadFile(ValueError):
    """Not a vault as ringfence writes it. The message never quotes it."""


class KeyPlace(StrEnum):
    """Where the key is."""

    FILE = "file"
    KEYRING = "keyring"
    PASSPHRASE = "passphrase"  # noqa: S105 - nowhere: it is made of what somebody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """Which key opens the vault."""

    place: KeyPlace
    id: str  # 16 hexadecimal digits, drawn with the key
    salt: bytes = b""  # of a passphrase
    cost: int = 0  # of scrypt, as a power of two


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is said without the key."""

    generation: int  # grows with every write
    key: KeyUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One credential with its secrets closed."""

    name: str
    kind: str
    public: Mapping[str, str]
    binding: Binding
    made_at: datetime
    rotated_at: datetime | None
    closed: bytes

    def whole(self, key: Secret) -> Credential:
        """The whole credential.

        Raises:
            BadFile: these are not its secrets.
        """
        try:
            secrets = parse(unsealed(self.closed, key=key, place=_place(self)))
        except (NotSealed, BadJson):
            raise BadFile("its secrets are another's") from None
        if not isinstance(secrets, dict):
            raise BadFile("its secrets are not as they were written")
        try:
            made = authentication(kind_named(self.kind), {**self.public, **_texts(secrets)})
        except CredentialRefused:
            raise BadFile("a credential is not as it was written") from None
        return Credential(
            name=self.name,
            authentication=made,
            binding=self.binding,
            made_at=self.made_at,
            rotated_at=self.rotated_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the vault holds, sorted by name."""

    header: Header
    entries: tuple[Entry, ...]


def kept(credential: Credential, *, key: Secret, randomness: Callable[[int], bytes]) -> Entry:
    """The credential with its secrets closed."""
    bare = Entry(
        name=credential.name,
        kind=credential.kind,
        public=public_parts(credential.authentication),
        binding=credential.binding,
        made_at=credential.made_at,
        rotated_at=credential.rotated_at,
        closed=b"",
    )
    secrets = {name: each.reveal().decode() for name, each in secret_parts(credential.authentication).items()}
    inner = sealed(_json(secrets), key=key, place=_place(bare), randomness=randomness)
    return Entry(**{name: getattr(bare, name) for name in Entry.__slots__} | {"closed": inner})


def closed(state: State, *, key: Secret, randomness: Callable[[int], bytes]) -> bytes:
    """The file."""
    use = state.header.key
    how: dict[str, Json] = {"id": use.id, "place": use.place.value}
    if use.place is KeyPlace.PASSPHRASE:
        how |= {"cost": use.cost, "salt": use.salt.hex()}
    head = _MAGIC + _json({"generation": state.header.generation, "key": how}) + b"\n"
    entries: list[Json] = [
        {**_facts(each), "closed": base64.b64encode(each.closed).decode()} for each in state.entries
    ]
    return head + sealed(_json({"entries": entries}), key=key, place=head, randomness=randomness)


def header_of(data: bytes) -> Header:
    """What the file says of itself; nothing vouches for it yet.

    Raises:
        BadFile: it is no vault, or one of a version that is not known.
    """
    return _header(data)[0]


def opened(data: bytes, *, key: Secret) -> State:
    """What the file holds.

    Raises:
        BadFile: it is no vault.
        NotSealed: it was changed, or this is not its key.
    """
    header, size = _header(data)
    try:
        body = parse(unsealed(data[size:], key=key, place=data[:size]), max_bytes=LIMITS.vault_bytes)
        listed = _object(body, "entries")["entries"]
        if not isinstance(listed, list):
            raise BadFile("its body is not as it was written")
        entries = tuple(map(_entry, listed))
    except (BadJson, CredentialRefused, binascii.Error, OverflowError) as error:
        raise BadFile("its body is not as it was written") from error
    names = [each.name for each in entries]
    if names != sorted(set(names)) or len(names) > LIMITS.vault_credentials:
        raise BadFile("its body is not as it was written")
    return State(header=header, entries=entries)


def _header(data: bytes) -> tuple[Header, int]:
    if len(data) > LIMITS.vault_bytes:
        raise BadFile(f"it has more than {LIMITS.vault_bytes} bytes")
    end = data.find(b"\n", len(_MAGIC), len(_MAGIC) + _HEADER_BYTES)
    if not data.startswith(_MAGIC) or end < 0:
        raise BadFile("it is no vault of this version of ringfence")
    try:
        head = _object(parse(data[len(_MAGIC) : end]), "generation key")
    except BadJson:
        raise BadFile("its first lines are not as they were written") from None
    return Header(
        generation=_number(head["generation"], range(1, _LARGEST)), key=_key_use(head["key"])
    ), end + 1


def _key_use(value: Json) -> KeyUse:
    if not isinstance(value, dict) or value.get("place") not in tuple(KeyPlace):
        raise BadFile("it does not say where its key is")
    place = KeyPlace(str(value["place"]))
    with_passphrase = place is KeyPlace.PASSPHRASE
    how = _texts(_object(value, "id place salt cost" if with_passphrase else "id place"), but="cost")
    if not _ID.fullmatch(how["id"]):
        raise BadFile("it does not say which key is its own")
    if not with_passphrase:
        return KeyUse(place=place, id=how["id"])
    if not re.fullmatch(r"[0-9a-f]{64}", how["salt"]):
        raise BadFile("it does not say how its key is made")
    cost = _number(value["cost"], SCRYPT_COSTS)
    return KeyUse(place=place, id=how["id"], salt=bytes.fromhex(how["salt"]), cost=cost)


def _entry(value: Json) -> Entry:
    found = _object(value, "name kind public hosts methods paths made_at rotated_at closed")
    public, texts = found["public"], _texts({name: found[name] for name in ("name", "kind", "closed")})
    if not isinstance(public, dict):
        raise BadFile("its body is not as it was written")
    kind_named(texts["kind"])
    rotated = found["rotated_at"]
    return Entry(
        name=texts["name"],
        kind=texts["kind"],
        public=_texts(public),
        binding=Binding(**{each: tuple(_list(found[each])) for each in ("hosts", "methods", "paths")}),
        made_at=_moment(found["made_at"]),
        rotated_at=None if rotated is None else _moment(rotated),
        closed=base64.b64decode(texts["closed"], validate=True),
    )


def _facts(entry: Entry) -> dict[str, Json]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "public": dict(entry.public),
        "hosts": list(entry.binding.hosts),
        "methods": list(entry.binding.methods),
        "paths": list(entry.binding.paths),
        "made_at": int(entry.made_at.timestamp()),
        "rotated_at": None if entry.rotated_at is None else int(entry.rotated_at.timestamp()),
    }


def _place(entry: Entry) -> bytes:
    """What an entry's secrets are bound to: all else of it."""
    return b"credential " + _json(_facts(entry))


def _json(value: Mapping[str, Json] | Mapping[str, str]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _object(value: Json, names: str) -> dict[str, Json]:
    if not isinstance(value, dict) or value.keys() != set(names.split()):
        raise BadFile("it is not as it was written")
    return value


def _texts(value: Mapping[str, Json], *, but: str = "") -> dict[str, str]:
    found = {name: each for name, each in value.items() if isinstance(each, str)}
    if len(found) != len(value.keys() - {but}):
        raise BadFile("it is not as it was written")
    return found


def _list(value: Json) -> Iterator[str]:
    for each in value if isinstance(value, list) else [None]:
        if not isinstance(each, str):
            raise BadFile("it is not as it was written")
        yield each


def _number(value: Json, among: range) -> int:
    if type(value) is not int or value not in among:
        raise BadFile("a number in it is not as it was written")
    return value


def _moment(value: Json) -> datetime:
    return datetime.fromtimestamp(_number(value, range(253_402_300_800)), UTC)
