"""Fuzzes documents: policies, events, notes, packs of git, and what processes of ringfence say.

The first byte chooses what it is, the second is a choice within it; the rest is what came. What is taken is
written as it was read.
"""

import sys
import zlib
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.core.text import printable
    from ringfence.egress import sealed_frames
    from ringfence.egress.wire import BadMessage, decode, encode
    from ringfence.ledger import codec, notes
    from ringfence.ledger import wire as ledger_wire
    from ringfence.ledger.errors import EventRefused, LedgerDamaged
    from ringfence.ledger.event_types import EVENTS
    from ringfence.ledger.ledger import Unknown
    from ringfence.policy.files import PolicyFile
    from ringfence.policy.load import load
    from ringfence.policy.problems import PolicyRefused
    from ringfence.policy.rule import Tier
    from ringfence.protocols.git.packs import known_commits
    from ringfence.sandbox import messages

_TIERS = tuple(Tier)
_FRAMES = (sealed_frames.head_in, sealed_frames.trailers_in, sealed_frames.refused_in)
_OFS_DELTA, _REF_DELTA = 6, 7


def _policy(data: bytes, choice: int) -> None:
    try:
        load([PolicyFile(tier=_TIERS[choice % len(_TIERS)], name="policy.yaml", data=data)])
    except PolicyRefused as refused:
        assert refused.problems
        for each in refused.problems:
            assert printable(each.what) == each.what and each.line > 0 < each.column


def _event(data: bytes, choice: int) -> None:
    type_ = EVENTS[choice % len(EVENTS)].TYPE
    with suppress(LedgerDamaged, EventRefused):
        event = codec.decode(type_, data)
        if not isinstance(event, Unknown):
            assert codec.decode(type_, codec.encode(event)) == event


def _told(data: bytes, _: int) -> None:
    with suppress(ledger_wire.BadMessage):
        for each in ledger_wire.Frames().take(len(data).to_bytes(4, "big") + data):
            with suppress(ledger_wire.BadMessage):
                entry = ledger_wire.question_of(each)
                again = ledger_wire.Frames().take(ledger_wire.question_bytes(entry))
                assert [ledger_wire.question_of(one) for one in again] == [entry]
            ledger_wire.answer_of(each)


def _note(data: bytes, _: int) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(notes.BadNote):
        notes.notes_and_keys(text)
    with suppress(notes.BadNote):
        assert str(notes.read_note(text)) == text


def _between(data: bytes, choice: int) -> None:
    with suppress(BadMessage):
        message, n, is_answer = decode(data)
        assert decode(encode(message, n, is_answer)) == (message, n, is_answer)
    with suppress(BadMessage):
        _FRAMES[choice % len(_FRAMES)](data)


def _box(data: bytes, choice: int) -> None:
    with suppress(messages.BadMessage):
        messages.read(data, tuple(range(3, 3 + choice % 4)))


def _pack(data: bytes, choice: int) -> None:
    """Objects whose contents the fuzzer can change, as a pack has them deflated: kind, length, content."""
    made, at, count = b"", 0, 0
    while len(data) - at > 2:
        kind, size = data[at] % 8, data[at + 1]
        content = data[at + 2 : at + 2 + size]
        at, count = at + 2 + size, count + 1
        base_bytes = {_OFS_DELTA: 1, _REF_DELTA: 20}.get(kind, 0)
        base, content = content[:base_bytes], content[base_bytes:]
        made += bytes([kind << 4 | 0x80 | len(content) & 15, len(content) >> 4]) + base
        made += zlib.compress(content)
    whole = b"PACK\0\0\0\2" + (count + choice // 128).to_bytes(4, "big") + made
    found = known_commits(whole[: len(whole) - choice % 128 // 4], at=0, hash_name="sha1")
    assert len(found.parents) + len(found.tags) <= count


_DOCUMENTS: tuple[Callable[[bytes, int], None], ...] = (
    *(_policy, _event, _told, _note, _between, _box, _pack),
)


def _documents(data: bytes) -> None:
    if len(data) > 2:
        _DOCUMENTS[data[0] % len(_DOCUMENTS)](data[2:], data[1])


if __name__ == "__main__":
    atheris.Setup(sys.argv, _documents)
    atheris.Fuzz()
