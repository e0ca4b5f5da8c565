"""A short proof that an event is in a ledger, for somebody who has the public key and nothing else.

It holds the event's header, the way from the header's hash to the root of the tree, and the signed note over
that root. With the body and its salt it also proves what the event says. A proof is text of exactly one form,
so that every change of it, of a blank too, is noticed.
"""

import json

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.ledger.chain import Row, commitment_of, hash_of, named
from ringfence.ledger.checkpoints import Signed
from ringfence.ledger.errors import EventRefused, LedgerDamaged
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.merkle import inclusion_proof, is_included, leaf_hash
from ringfence.ledger.notes import BadNote, Note, PublicKey, read_note, trusted_signer

__all__ = ["BadProof", "NotProvable", "Proof", "prove", "read_proof"]

_SCHEMA = "ringfence.proof/1"
_HASH_BYTES = 32


class BadProof(RingfenceError):
    """It proves nothing."""

    code = ExitCode.FAILED_AS_ASKED


class NotProvable(RingfenceError):
    """There is no such event, or no such part of it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What `prove` gives; nothing of it is checked until `check`."""

    row: Row  # without ordinal; salt and body only where they are part of the proof
    prev: bytes  # hash of the event before it
    index: int  # in the order of the ledger, from 0
    path: tuple[bytes, ...]
    note: Note

    @property
    def text(self) -> str:
        """The proof, to be kept or handed on."""
        row = self.row
        told = {
            "schema": _SCHEMA,
            "event": {
                "stream": row.stream,
                "seq": row.seq,
                "at": row.at,
                "type": row.type,
                "commitment": row.commitment.hex(),
                "prev": self.prev.hex(),
            },
            "salt": None if row.salt is None else row.salt.hex(),
            "body": None if row.body is None else row.body.decode(),
            "index": self.index,
            "path": [each.hex() for each in self.path],
            "checkpoint": str(self.note),
        }
        return json.dumps(told, indent=1) + "\n"

    def check(self, keys: tuple[PublicKey, ...]) -> PublicKey:
        """The key that vouches for the event.

        Raises:
            BadProof: none of these does.
        """
        row, checkpoint = self.row, self.note.checkpoint
        signer = trusted_signer(self.note, keys)
        if signer is None:
            raise BadProof(
                "none of these keys has signed the proof's checkpoint",
                hint="take the key that was kept elsewhere: ringfence ledger key prints it",
            )
        try:
            named(row.stream, row.type)
        except EventRefused:
            raise _bad() from None
        leaf = leaf_hash(hash_of(row, self.prev))
        if not is_included(leaf, self.index, checkpoint.size, self.path, checkpoint.root):
            raise BadProof("the event is not in what was signed", hint="ask for another proof")
        told = None if row.salt is None or row.body is None else commitment_of(row.salt, row.body)
        if told not in (None, row.commitment):
            raise BadProof("the event says something else", hint="ask for another proof")
        return signer


def prove(ledger: Ledger, stream: str, seq: int, *, signed: Signed, with_body: bool) -> Proof:
    """The proof that this event is among those that the checkpoint covers.

    Raises:
        NotProvable: there is no such event there, or its body was forgotten.
        LedgerDamaged: the checkpoint does not fit the ledger.
    """
    leaves, found, index, prev = list[bytes](), None, 0, bytes(_HASH_BYTES)
    for row in ledger.rows():
        if row.stream == stream and row.seq == seq:
            found, index = row, len(leaves)
        elif row.stream == stream and row.seq == seq - 1:
            prev = row.hash
        leaves.append(leaf_hash(row.hash))
        if len(leaves) == signed.size:
            break
    if found is None:
        raise NotProvable(
            f"the checkpoint covers no event {stream}:{seq}", hint="ringfence ledger show lists events"
        )
    if with_body and found.body is None:
        raise NotProvable("its body was forgotten", hint="without --with-body its header can be proved")
    if not with_body:
        found = found._replace(salt=None, body=None)
    proof = Proof(
        row=found._replace(ordinal=0, hash=b""),
        prev=prev,
        index=index,
        path=tuple(inclusion_proof(leaves, index)),
        note=signed.note,
    )
    try:
        proof.check((PublicKey.read(signed.made.key),))
    except (BadProof, BadNote):
        raise LedgerDamaged(
            "the record does not fit its newest checkpoint",
            hint="`ringfence ledger verify` names the first bad event",
        ) from None
    return proof


def read_proof(text: str) -> Proof:
    """The proof that a text tells.

    Raises:
        BadProof: it is none, or not written as `Proof.text` writes it.
    """
    try:
        proof = _proof(json.loads(text))
        if proof.text == text:
            return proof
    except (ValueError, RecursionError, BadNote):
        pass
    raise _bad()


def _proof(told: object) -> Proof:
    match told:
        case {
            "event": {
                "stream": str(stream),
                "seq": int(seq),
                "at": int(at),
                "type": str(type_),
                "commitment": str(commitment),
                "prev": str(prev),
            },
            "salt": str() | None as salt,
            "body": str() | None as body,
            "index": int(index),
            "path": list(path),
            "checkpoint": str(checkpoint),
        } if (salt is None) == (body is None) and type(index) is int:
            row = Row(
                0,
                stream,
                seq,
                at,
                type_,
                _hash(commitment),
                b"",
                None if salt is None else bytes.fromhex(salt),
                None if body is None else body.encode(),
            )
            return Proof(
                row=row,
                prev=_hash(prev),
                index=index,
                path=tuple(map(_hash, path)),
                note=read_note(checkpoint),
            )
    raise _bad()


def _hash(text: object) -> bytes:
    found = bytes.fromhex(text) if isinstance(text, str) else b""
    if len(found) != _HASH_BYTES:
        raise _bad()
    return found


def _bad() -> BadProof:
    return BadProof("this is no proof, or it was changed", hint="ringfence ledger prove makes one")
