"""Attacks on proofs, checkpoints, keys and pruning: what was changed proves nothing, what is gone is gone."""

import base64
import contextlib
import hashlib
import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers import opened, scan
from ringfence.core.action_types import Durability
from ringfence.ledger.chain import commitment_of, hash_of
from ringfence.ledger.checkpoints import STREAM, sign_all
from ringfence.ledger.codec import encode
from ringfence.ledger.errors import LedgerDamaged
from ringfence.ledger.events.checkpoint_made import CheckpointMade
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.merkle import leaf_hash
from ringfence.ledger.notes import BadNote, Checkpoint, PublicKey, SigningKey, notes_and_keys, read_note
from ringfence.ledger.proofs import BadProof, Proof, prove, read_proof

_KEY, _OTHER = SigningKey(b"k" * 32), SigningKey(b"o" * 32)
_WRITTEN = Durability.WRITTEN


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    made = opened(tmp_path_factory.mktemp("proofs") / "l" / "ledger.sqlite")
    for number in range(37):
        made.append(scan(f"secret-{number}"), stream="one" if number % 3 else "two", durability=_WRITTEN)
    yield made
    made.close()


@pytest.fixture(scope="module")
def keys(ledger: Ledger) -> tuple[PublicKey, ...]:
    return (_KEY.public(sign_all(ledger, _KEY).note.checkpoint.origin),)


@pytest.fixture(scope="module", params=[True, False], ids=["with its body", "without it"])
def proof(request: pytest.FixtureRequest, ledger: Ledger, keys: tuple[PublicKey, ...]) -> Proof:
    made = prove(ledger, "one", 17, signed=sign_all(ledger, _KEY), with_body=request.param)
    assert made.check(keys) == keys[0]
    return made


def _holds(text: str, keys: tuple[PublicKey, ...]) -> bool:
    try:
        read_proof(text).check(keys)
    except BadProof:
        return False
    return True


def test_no_changed_character_of_a_proof_holds(proof: Proof, keys: tuple[PublicKey, ...]) -> None:
    """Every one of them, by another of its sort and by others; and left out; and doubled."""
    text, chance = proof.text, random.Random(4)
    assert _holds(text, keys)
    for place, old in enumerate(text):
        others = {chance.choice("0123456789abcdefABCDEF"), chance.choice('+/= \n"{}[],:-eE.'), old.swapcase()}
        for new in others - {old}:
            assert not _holds(text[:place] + new + text[place + 1 :], keys), (place, old, new)
        assert not _holds(text[:place] + text[place + 1 :], keys) or text[place] == text[place - 1]
        assert not _holds(text[:place] + old + text[place:], keys)


def test_no_flipped_bit_of_a_proof_holds(proof: Proof, keys: tuple[PublicKey, ...]) -> None:
    whole = proof.text.encode()
    for place in range(len(whole) * 8):
        touched = bytearray(whole)
        touched[place // 8] ^= 1 << place % 8
        assert not _holds(touched.decode("utf-8", "surrogateescape"), keys), place


@pytest.mark.parametrize(
    "change",
    [
        {"index": True},
        {"index": -1},
        {"index": 10**30},
        {"path": []},
        {"path": ["00" * 32] * 100_000},
        {"salt": None},
        {"event": {}},
        {"checkpoint": ""},
        {"more": 1},
        {"schema": "ringfence.proof/2"},
    ],
)
def test_proofs_of_another_shape_are_refused(
    proof: Proof, keys: tuple[PublicKey, ...], change: dict[str, object]
) -> None:
    told = json.loads(proof.text) | change
    text = json.dumps(told, indent=1) + "\n"
    assert not _holds(text, keys) or text == proof.text


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "[" * 100_000, "1" * 100_000, "\ud800", "{}"])
def test_what_is_no_proof_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadProof, match="no proof"):
        read_proof(text)


def test_a_proof_with_another_event_or_another_body_does_not_hold(
    ledger: Ledger, keys: tuple[PublicKey, ...]
) -> None:
    signed = sign_all(ledger, _KEY)
    one = prove(ledger, "one", 3, signed=signed, with_body=True)
    two = prove(ledger, "one", 4, signed=signed, with_body=True)
    crosses = (
        replace(one, row=two.row),
        replace(one, row=one.row._replace(body=two.row.body)),
        replace(one, row=one.row._replace(salt=two.row.salt)),
        replace(one, prev=two.prev),
        replace(one, path=two.path),
        replace(one, index=two.index),
    )
    for each in crosses:
        with pytest.raises(BadProof):
            each.check(keys)


def test_a_proof_under_a_key_of_ones_own_convinces_nobody(
    ledger: Ledger, keys: tuple[PublicKey, ...]
) -> None:
    proof = prove(ledger, "one", 3, signed=sign_all(ledger, _KEY), with_body=False)
    row = proof.row._replace(type="grant.given/1")
    origin = proof.note.checkpoint.origin
    root = leaf_hash(hash_of(row, proof.prev))
    forged = replace(
        proof, row=row, index=0, path=(), note=_OTHER.sign(Checkpoint(origin=origin, size=1, root=root))
    )
    assert forged.check((_OTHER.public(origin),))
    with pytest.raises(BadProof, match="none of these keys"):
        forged.check(keys)


def test_a_key_of_another_ledger_is_another_key(ledger: Ledger) -> None:
    proof = prove(ledger, "one", 3, signed=sign_all(ledger, _KEY), with_body=False)
    with pytest.raises(BadProof, match="none of these keys"):
        proof.check((_KEY.public("ringfence/ledger/of-somebody-else"),))


def test_a_signer_refuses_a_record_that_no_longer_holds_what_it_signed(tmp_path: Path) -> None:
    path = tmp_path / "l" / "ledger.sqlite"
    made = opened(path)
    for number in range(5):
        made.append(scan(f"{number}"), stream="one", durability=_WRITTEN)
    signed = sign_all(made, _KEY)
    made.append(scan("more"), stream="one", durability=_WRITTEN)
    made.close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE events SET hash = zeroblob(32) WHERE seq = 3 AND stream = 'one'")
        # and what it would go on from is spoiled too, so that it has to look at everything
        body = replace_subtrees(signed.made)
        salt = b"s" * 16
        database.execute(
            "UPDATE events SET body = ?, salt = ?, commitment = ? WHERE stream = ?",
            (body, salt, commitment_of(salt, body), STREAM),
        )
    with pytest.raises(LedgerDamaged, match="no longer holds what was signed before"):
        sign_all(made, _KEY)
    made.close()


def replace_subtrees(made: CheckpointMade) -> bytes:
    return encode(replace(made, subtrees=tuple("00" * 32 for _ in made.subtrees)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\nAAAA\n\n— a AAAA\n",
        "a b\n1\n{root}\n\n— a {sig}\n",
        "a\n01\n{root}\n\n— a {sig}\n",
        "a\n-1\n{root}\n\n— a {sig}\n",
        "a\n1\n{root}\n\n",
        "a\n1\n{root}\n\n— a {sig}",
        "a\n1\n{root}\n\n— a {sig}\nmore\n",
        "a\n1\n{root}\nmore\n\n— a {sig}\n",
        "a\n1\n{root}\n\n- a {sig}\n",
        "a\r\n1\r\n{root}\r\n\r\n— a {sig}\r\n",
        "a\n" + "9" * 5_000 + "\n{root}\n\n— a {sig}\n",
        "a\n1\n{root}\n\n" + "— a {sig}\n" * 17,
    ],
)
def test_text_that_is_nearly_a_checkpoint_is_none(text: str) -> None:
    root, sig = base64.b64encode(bytes(32)).decode(), base64.b64encode(bytes(68)).decode()
    with pytest.raises(BadNote):
        read_note(text.replace("{root}", root).replace("{sig}", sig))


@settings(deadline=None)
@given(st.text(max_size=200))
def test_files_of_anchors_hold_notes_and_keys_or_are_refused(text: str) -> None:
    try:
        notes, keys = notes_and_keys(text)
    except BadNote:
        return
    assert all(str(each) in text for each in (*notes, *keys))


def test_what_was_pruned_is_in_no_file_and_no_guess_can_be_confirmed(tmp_path: Path) -> None:
    """The guesser has the files, knows the shape of the body and that it is one of a few."""
    path = tmp_path / "l" / "ledger.sqlite"
    ledger = opened(path)
    names = [f"pin-{number:04}" * 400 for number in range(50)]  # some on pages of their own
    for name in (*names, "kept"):
        ledger.append(scan(name), stream="one", durability=Durability.FSYNC)
    rows = list(ledger.rows())
    assert b"pin-0017" in _raw(path)
    ledger.forget([each.ordinal for each in rows[:-1]])
    raw = _raw(path)
    assert b"pin-0" not in raw
    for each in rows[:-1]:
        assert each.salt not in raw
    assert b"kept" in raw
    after = list(ledger.rows())
    commitments = {each.commitment for each in after[:-1]}
    bodies = [each.body for each in rows[:-1]]
    salts = [b"", bytes(16), *(each.commitment[:16] for each in rows), *(each.hash[:16] for each in rows)]
    assert not any(hashlib.sha256(salt + body).digest() in commitments for body in bodies for salt in salts)
    ledger.append(scan("after"), stream="one", durability=Durability.FSYNC)
    ledger.close()


def _raw(path: Path) -> bytes:
    """All bytes of all files of the ledger."""
    return b"".join(each.read_bytes() for each in path.parent.iterdir() if each.is_file())
