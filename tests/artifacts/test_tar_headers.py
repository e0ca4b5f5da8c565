import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiving import tar_of, tar_with
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tar_headers import TarMember, header_at, members_from, octal

_FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
_PART = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=80)
_NAMES = st.lists(_PART, min_size=1, max_size=4).map("/".join)


def members(data: bytes) -> list[TarMember]:
    return list(members_from(Reader.of_bytes(data), 0))


@given(st.sampled_from(_FORMS[1:]), st.lists(st.tuples(_NAMES, st.binary(max_size=2000)), max_size=4))
def test_members_are_those_that_tarfile_reads(form: int, files: list[tuple[str, bytes]]) -> None:
    data = tar_of(*files, form=form)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [(each.name, each.size, each.offset_data, ()) for each in archive]
    # Like most readers, tarfile takes a slash at the end of a name away.
    assert [(e.name.rstrip("/"), e.size_bytes, e.data_at, e.odd) for e in members(data)] == expected


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_have_their_targets(form: int, kind: bytes) -> None:
    info = tarfile.TarInfo("link")
    info.type, info.linkname = kind, "some/" * (10 if form == tarfile.USTAR_FORMAT else 40) + "target"
    assert [(e.name, e.kind, e.link, e.size_bytes) for e in members(tar_with((info, b""), form=form))] == [
        ("link", kind, info.linkname, 0)
    ]


def test_an_old_header_without_magic_is_one() -> None:
    block = bytearray(tar_of(("x", b""), form=tarfile.USTAR_FORMAT)[:512])
    block[257:265] = bytes(8)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert header_at(bytes(block)) is not None


@pytest.mark.parametrize(
    ("field", "number"),
    [
        (b"0000017\0", 15),
        (b"    17 \0", 15),
        (bytes(12), 0),
        (b"\x80\0\0\0\0\0\0\0\0\0\1\0", 256),
        (b"\xff" * 12, None),
        (b"\x80" + b"\xff" * 11, None),
        (b"0o17\0", None),
        (b"1_7\0", None),
        (b"-17\0", None),
        (b"\0" + b"017", None),
        (b"12\0345\0", None),
    ],
)
def test_only_numbers_that_all_readers_take_for_the_same_are_numbers(
    field: bytes, number: int | None
) -> None:
    assert octal(field) == number


@given(st.binary(max_size=3000), st.integers(0, 3000), st.integers(0, 255))
def test_nothing_but_malformed_is_raised(junk: bytes, at: int, byte: int) -> None:
    whole = bytearray(tar_of(("a" * 120, b"b" * 600), ("c", b"d")))
    whole[at] = byte
    for data in (junk, bytes(whole), bytes(whole[:at]) + junk):
        with suppress(Malformed):
            members(data)
