import io
import zlib
from pathlib import Path

import py7zr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiving import GOOD, PAYLOAD, checks, judged

_LZMA2 = {"id": py7zr.FILTER_LZMA2, "preset": 6}
_EXAMINED = [
    [_LZMA2],
    [{"id": py7zr.FILTER_LZMA}],
    [{"id": py7zr.FILTER_COPY}],
    [{"id": py7zr.FILTER_DEFLATE}],
    [{"id": py7zr.FILTER_BZIP2}],
    [{"id": py7zr.FILTER_X86}, _LZMA2],
    [{"id": py7zr.FILTER_ARM}, _LZMA2],
    [{"id": py7zr.FILTER_DELTA}, _LZMA2],
]
_NOT_EXAMINED = [[{"id": py7zr.FILTER_ZSTD, "level": 3}], [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}]]


def packed(*files: tuple[str, bytes], pack_header: bool = True, **how: object) -> bytes:
    """A 7z archive of those names and contents."""
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", **how) as archive:
        archive.set_encoded_header_mode(pack_header)
        for name, data in files:
            archive.writestr(data, name)
    return file.getvalue()


@pytest.mark.parametrize("filters", _EXAMINED, ids=str)
def test_every_file_is_judged(filters: list[dict[str, int]]) -> None:
    good = packed(("a.pkl", GOOD), ("empty", b""), ("b/c.pkl", GOOD * 1000), filters=filters)
    assert checks(good) == ("clean", [])
    bad = packed(("a.pkl", GOOD), ("x/y", PAYLOAD), ("b.pkl", GOOD), filters=filters)
    assert checks(bad) == ("malicious", ["critical pickle-dangerous-call x/y"])


@pytest.mark.parametrize("filters", _NOT_EXAMINED, ids=str)
def test_what_is_packed_in_other_ways_is_inconclusive(filters: list[dict[str, int]]) -> None:
    assert checks(packed(("a.pkl", GOOD), filters=filters)) == ("inconclusive", ["medium over-limit "])


@pytest.mark.parametrize("names_too", [False, True])
def test_what_is_encrypted_is_inconclusive(names_too: bool) -> None:
    found = judged(packed(("a.pkl", GOOD), password="secret", header_encryption=names_too))
    assert (found.judgement.verdict, [each.evidence for each in found.spotted]) == (
        "inconclusive",
        [("files are encrypted",)],
    )


def test_an_archive_of_nothing_is_clean() -> None:
    assert checks(packed()) == ("clean", [])


def test_bytes_behind_the_archive_are_judged() -> None:
    verdict, found = checks(packed(("a.pkl", GOOD)) + PAYLOAD)
    assert (verdict, "medium trailing-data " in found) == ("malicious", True)


def test_an_archive_that_is_cut_short_anywhere_is_never_clean() -> None:
    whole = packed(("a.pkl", GOOD), ("b.pkl", GOOD))
    verdicts = {checks(whole[:cut], "a.7z")[0] for cut in range(len(whole))}
    assert verdicts <= {"inconclusive", "suspicious"}


def _header(name: str) -> bytes:
    """The header of the archive below, with another name as long as the first one's."""
    plain = _WHOLE[_PLAIN_HEADER_AT:]
    return plain.replace("a.pkl".encode("utf-16-le"), name.encode("utf-16-le"))


def test_names_that_lead_outside_or_stand_twice_are_said() -> None:
    assert checks(with_header(_header("../xx"))) == ("suspicious", ["high archive-escapes "])
    assert checks(with_header(_header("b.pkl"))) == ("suspicious", ["high archive-duplicate "])


def test_a_link_that_leads_outside_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "target").touch()
    (tmp_path / "folder" / "link").symlink_to("../target")
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive:
        archive.write(tmp_path / "folder" / "link", "link")
    assert checks(file.getvalue()) == ("suspicious", ["high archive-escapes "])


def test_a_wrong_checksum_is_said() -> None:
    whole = bytearray(packed(("a.pkl", GOOD)))
    whole[8] ^= 1
    assert checks(bytes(whole)) == ("inconclusive", ["medium bad-header "])


_WHOLE = packed(("a.pkl", GOOD), ("b.pkl", GOOD * 9), pack_header=False)
_PLAIN_HEADER_AT = 32 + int.from_bytes(_WHOLE[12:20], "little")


@given(st.data())
def test_any_header_is_judged_without_an_exception(data: st.DataObject) -> None:
    header = bytearray(_WHOLE[_PLAIN_HEADER_AT:])
    for _ in range(data.draw(st.integers(1, 3))):
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    assert with_header(_WHOLE[_PLAIN_HEADER_AT:]) == _WHOLE
    checks(with_header(bytes(header)))
    checks(with_header(b"\1" + data.draw(st.binary(max_size=200))))


def with_header(header: bytes) -> bytes:
    """The archive with another last header, whose checksum is right."""
    start = _WHOLE[12:20] + len(header).to_bytes(8, "little") + zlib.crc32(header).to_bytes(4, "little")
    return _WHOLE[:8] + zlib.crc32(start).to_bytes(4, "little") + start + _WHOLE[32:_PLAIN_HEADER_AT] + header
