"""Checkpoints as signed notes: three lines of text, a blank one, and who signed them.

    ringfence/ledger/4f1c…          origin: which ledger, by its first event
    1207                            how many events
    JLrN…=                          root of the tree over all their hashes, base64

    — ringfence/ledger/4f1c… xZ3…=  Ed25519, after the first four bytes of the key's hash

Witnesses and monitors of transparency logs read the same form. Keys are one line, `name+hash+base64`; the
name is the origin, so that a key's line says which ledger it is for. Sources: c2sp.org/tlog-checkpoint,
c2sp.org/signed-note.

The library of keys is loaded when one is used, which most commands never do.
"""

import base64
import hashlib
from collections.abc import Iterable

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = [
    "BadNote",
    "Checkpoint",
    "Note",
    "PublicKey",
    "Signature",
    "SigningKey",
    "notes_and_keys",
    "read_note",
    "trusted_signer",
]

_ED25519 = b"\1"
_ID_BYTES = 4
_ROOT_BYTES = 32
_NAME = pattern(r"[!-*,-~]{1,200}")
_SIZE = pattern(r"0|[1-9][0-9]{0,18}")
_MARK = "— "


class BadNote(RingfenceError):
    """It is no signed checkpoint, or no key of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """Who may sign the checkpoints of one ledger."""

    name: str
    raw: bytes  # Ed25519, 32 bytes

    @property
    def id(self) -> bytes:
        """What signatures name it by."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.raw)}"

    @classmethod
    def read(cls, line: str) -> "PublicKey":
        """The key that a line tells.

        Raises:
            BadNote: it is none.
        """
        name, _, rest = line.partition("+")
        id_, _, told = rest.partition("+")
        raw = _bytes(told)
        if not _NAME.fullmatch(name) or len(raw) != 33 or raw[:1] != _ED25519:
            raise BadNote("this is no public key of a ledger", hint="ringfence ledger key prints it")
        made = cls(name=name, raw=raw[1:])
        if made.id.hex() != id_:
            raise BadNote("this public key was cut or changed", hint="ringfence ledger key prints it")
        return made

    def has_signed(self, note: "Note") -> bool:
        """Whether one of the note's signatures is this key's and true."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        for each in note.signatures:
            if (each.name, each.key_id) == (self.name, self.id):
                try:
                    Ed25519PublicKey.from_public_bytes(self.raw).verify(each.signature, note.checkpoint.text)
                except (InvalidSignature, ValueError):
                    return False
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a ledger held at one time."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One line of them."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A checkpoint with its signatures, none of which is checked yet."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        lines = (f"{_MARK}{each.name} {_base64(each.key_id + each.signature)}\n" for each in self.signatures)
        return f"{self.checkpoint.text.decode()}\n{''.join(lines)}"


class SigningKey:
    """The private key. It signs for any ledger, under a name of its own for each."""

    def __init__(self, seed: bytes) -> None:
        """`seed`: 32 random bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def public(self, origin: str) -> PublicKey:
        """The key that checks what this one signs for the ledger of this origin."""
        return PublicKey(name=origin, raw=self._key.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> Note:
        """The note."""
        key = self.public(checkpoint.origin)
        signature = Signature(name=key.name, key_id=key.id, signature=self._key.sign(checkpoint.text))
        return Note(checkpoint=checkpoint, signatures=(signature,))


def read_note(text: str) -> Note:
    """The note, which must be written exactly as it would be here.

    Raises:
        BadNote: it is none.
    """
    body, blank, rest = text.partition("\n\n")
    lines = body.split("\n")
    marked = rest.split("\n")[:-1]
    if (
        not blank
        or len(lines) != 3
        or not _NAME.fullmatch(lines[0])
        or not _SIZE.fullmatch(lines[1])
        or not 0 < len(marked) <= LIMITS.checkpoint_signatures
    ):
        raise _bad()
    root = _bytes(lines[2])
    note = Note(
        checkpoint=Checkpoint(origin=lines[0], size=int(lines[1]), root=root),
        signatures=tuple(map(_signature, marked)),
    )
    if len(root) != _ROOT_BYTES or str(note) != text:
        raise _bad()
    return note


def notes_and_keys(text: str) -> tuple[list[Note], list[PublicKey]]:
    """All notes and lines of keys in a file of them, blank lines between or not.

    Raises:
        BadNote: something there is neither.
    """
    notes, keys, lines = list[Note](), list[PublicKey](), list[str]()
    for line in (*text.split("\n"), ""):
        if lines and lines[-1].startswith(_MARK) and not line.startswith(_MARK):
            notes.append(read_note("\n".join(lines) + "\n"))
            lines = []
        if lines or ("+" not in line and line):
            lines.append(line)
        elif line:
            keys.append(PublicKey.read(line))
        if len(notes) + len(keys) > LIMITS.anchors:
            raise BadNote(f"more than {LIMITS.anchors:,} checkpoints", hint="keep the newest ones")
    if any(lines):
        raise _bad()
    return notes, keys


def trusted_signer(note: Note, keys: Iterable[PublicKey]) -> PublicKey | None:
    """The first of these keys that has signed the note."""
    return next((each for each in keys if each.has_signed(note)), None)


def _signature(line: str) -> Signature:
    name, _, told = line.removeprefix(_MARK).partition(" ")
    raw = _bytes(told)
    if not _NAME.fullmatch(name) or len(raw) < _ID_BYTES:
        raise _bad()
    return Signature(name=name, key_id=raw[:_ID_BYTES], signature=raw[_ID_BYTES:])


def _bytes(text: str) -> bytes:
    """What base64 text stands for; nothing for anything that this module would write otherwise."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return found if _base64(found) == text else b""


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bad() -> BadNote:
    return BadNote("this is no signed checkpoint", hint="ringfence ledger checkpoint prints one")
