"""Pushes that look like others. The pack is read as the server reads it: nothing that it says is believed."""

import hashlib
import zlib

import pytest

from ringfence.core.actions import GitChange
from ringfence.core.limits import LIMITS
from ringfence.protocols.git.pkt_lines import FLUSH, line
from ringfence.protocols.git.pushes import Update, push
from ringfence.protocols.http import BadHttp

_OLD = "1" * 40


def _commit(*parents: str, message: str = "x") -> bytes:
    lines = "".join(f"parent {each}\n" for each in parents)
    return f"tree {'2' * 40}\n{lines}author a <a> 0 +0000\n\n{message}".encode()


def _name(content: bytes, kind: str = "commit") -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).hexdigest()


def _entry(kind: int, content: bytes, *, size: int | None = None) -> bytes:
    left = len(content) if size is None else size
    head = bytearray([kind << 4 | left & 15])
    left >>= 4
    while left:
        head[-1] |= 128
        head.append(left & 127)
        left >>= 7
    return bytes(head) + zlib.compress(content)


def _push(new: str, *entries: bytes, count: int | None = None) -> Update:
    pack = b"PACK\0\0\0\2" + (len(entries) if count is None else count).to_bytes(4) + b"".join(entries)
    body = line(f"{_OLD} {new} refs/heads/main\0report-status".encode()) + FLUSH + pack
    (update,) = push(body).updates
    assert (update.ref, update.change) == ("refs/heads/main", GitChange.UPDATE)
    return update


def test_an_honest_one_is_no_force_push():
    honest = _commit(_OLD)
    assert _push(_name(honest), _entry(1, honest)).force is False


def test_a_commit_that_only_speaks_of_the_old_one_is_not_on_top_of_it():
    speaks = _commit(message=f"parent {_OLD}\n")
    assert _push(_name(speaks), _entry(1, speaks)).force is True
    late = f"tree {'2' * 40}\nauthor a <a> 0 +0000\nparent {_OLD}\n\nx".encode()
    assert _push(_name(late), _entry(1, late)).force is True


def test_a_blob_or_a_tag_that_looks_like_a_commit_is_none():
    looks = _commit(_OLD)
    assert _push(_name(looks, "blob"), _entry(3, looks)).force is None
    assert _push(_name(looks, "tag"), _entry(4, looks)).force is None


def test_a_commit_on_top_of_the_old_one_that_is_not_pushed_says_nothing_of_the_one_that_is():
    decoy, other = _commit(_OLD), _commit("3" * 40)
    assert _push(_name(other), _entry(1, decoy), _entry(1, other)).force is None
    assert _push("4" * 40, _entry(1, decoy)).force is None


@pytest.mark.parametrize(
    "entry",
    [
        _entry(1, b"x" * 100, size=1),
        _entry(1, b"x", size=1 << 60),
        b"\xff" * 100,
        _entry(3, bytes(LIMITS.git_pack_inflated_bytes + 1)),
        b"\x91" + zlib.compress(b"x")[:3],
        bytes([6 << 4 | 5, 255, 255, 255, 255, 255, 255, 255, 255, 1]) + zlib.compress(b"abcde"),
    ],
)
def test_a_pack_that_lies_or_grows_tells_nothing(entry):
    honest = _commit(_OLD)
    assert _push(_name(honest), entry, _entry(1, honest)).force is None
    assert _push(_name(honest), _entry(1, honest), entry, count=1 << 31).force is False


def test_a_circle_of_deltas_and_many_commands_end():
    delta = bytes([6 << 4 | 4, 0]) + zlib.compress(bytes([0, 1, 1, 65]))
    assert _push("4" * 40, delta, delta).force is None
    many = b"".join(line(f"{_OLD} {'2' * 40} refs/heads/{each}".encode()) for each in range(1_001))
    with pytest.raises(BadHttp):
        push(many + FLUSH)


@pytest.mark.parametrize(
    "ref", ["refs/heads/../../config", "refs/heads/a\0b\0c", "HEAD", "refs/heads/x.lock", "@"]
)
def test_a_reference_that_leads_elsewhere_is_refused(ref):
    with pytest.raises(BadHttp):
        push(
            line(b"%040d %s refs/heads/a\0" % (0, _OLD.encode()))
            + line(f"{_OLD} {_OLD} {ref}".encode())
            + FLUSH
        )


def test_a_second_command_behind_the_capabilities_is_no_hidden_one():
    hidden = f"{_OLD} {'0' * 40} refs/heads/main"
    with pytest.raises(BadHttp):
        push(line(b"%040d %s refs/heads/a\0x" % (0, _OLD.encode())) + line(hidden.encode() + b"\0y") + FLUSH)
