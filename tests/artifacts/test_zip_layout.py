import io
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.zip_layout import Entry, laid_out
from ringfence.artifacts.zip_members import beginning, inside
from zipping import PLAIN, Part, raw_zip, zipped

_METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
_NAMES = st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4}){0,2}", fullmatch=True)


class _Stream(io.RawIOBase):
    """Where sizes can only be said behind the members, as in a pipe."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += bytes(data)
        return len(data)

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def _reader(data: bytes) -> Reader:
    return Reader.of_bytes(data, budget=Budget(read_bytes=1 << 30, inflated_bytes=1 << 30, files=1000))


def _held(data: bytes) -> list[tuple[str, bytes]]:
    """Name and content of all that would be judged, and nothing else."""
    reader = _reader(data)
    return [(each.name, each.reader.at(0, each.reader.size_bytes)) for each in _insides(reader)]


def _insides(reader: Reader) -> Iterator[Inside]:
    for found in laid_out(reader):
        assert isinstance(found, Entry), found
        for each in inside(reader, found):
            assert isinstance(each, Inside), each
            yield each


@settings(deadline=None)
@given(
    st.dictionaries(_NAMES, st.binary(min_size=1, max_size=300), max_size=6),
    st.sampled_from(_METHODS),
    st.binary(max_size=20).filter(lambda each: not any(byte < 32 for byte in each)),
    st.booleans(),
)
def test_every_member_that_zipfile_lists_is_judged_without_a_word(
    members: dict[str, bytes], method: int, comment: bytes, is_stream: bool
) -> None:
    stream = _Stream()
    out = stream if is_stream else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(name, data)
    written = stream.written if isinstance(out, _Stream) else out.getvalue()
    assert sorted(_held(written)) == sorted(members.items())


def test_folders_and_empty_members_are_nothing_to_judge() -> None:
    assert _held(zipped({"a/": b"", "a/b": b"", "a/c": PLAIN})) == [("a/c", PLAIN)]


def test_64_bit_records_are_nothing_odd() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("big", "w", force_zip64=True) as member:
        member.write(PLAIN)
    assert _held(out.getvalue()) == [("big", PLAIN)]


def test_more_members_than_16_bits_count_are_nothing_odd() -> None:
    found = list(laid_out(_reader(zipped({str(i): b"" for i in range(66_000)}))))
    assert sum(isinstance(each, Entry) for each in found) == len(found) == 66_000


def test_an_archive_added_to_is_nothing_odd() -> None:
    out = io.BytesIO(zipped({"a": PLAIN}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("b", PLAIN)
    assert _held(out.getvalue()) == [("a", PLAIN), ("b", PLAIN)]


def test_padding_of_zeros_is_nothing_odd() -> None:
    data = raw_zip(
        [Part(name=b"a", data=PLAIN), Part(name=b"b", data=PLAIN, before=bytes(9))], behind=bytes(5)
    )
    assert _held(data) == [("a", PLAIN), ("b", PLAIN)]


@pytest.mark.parametrize("flags", [0, 8])
def test_without_a_directory_the_members_are_found_one_by_one(flags: int) -> None:
    """Those whose sizes stand behind them (flag 8) end where the next one begins."""
    parts = [
        Part(name=b"a", data=PLAIN, flags=flags, local_size_bytes=0 if flags else None),
        Part(name=b"b", data=PLAIN),
    ]
    data = raw_zip(parts)
    reader = _reader(data[: data.index(b"PK\1\2")])
    first, *entries = laid_out(reader)
    assert isinstance(first, Problem)
    assert first.kind is ProblemKind.TRUNCATED
    found = [
        (each.name, beginning(reader, each, max_bytes=99)) for each in entries if isinstance(each, Entry)
    ]
    assert found == [("a", PLAIN), ("b", PLAIN)]


def test_what_lies_between_members_is_searched_so_far_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from ringfence.artifacts import zip_layout
    from ringfence.core.limits import Limits

    monkeypatch.setattr(zip_layout, "LIMITS", Limits(carved_bytes=10))
    data = raw_zip([Part(name=b"a", data=b"1"), Part(name=b"b", data=b"1", before=bytes(30))])
    assert [each for each in laid_out(_reader(data)) if isinstance(each, Problem)] == [
        Problem(kind=ProblemKind.OVER_LIMIT, at=42, detail="20 bytes that belong to no member")
    ]


def test_names_of_before_unicode_are_read_as_they_were_meant() -> None:
    assert _held(raw_zip([Part(name="æ".encode("cp437"), data=PLAIN)])) == [("æ", PLAIN)]
