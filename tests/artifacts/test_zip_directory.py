import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.zip_directory import (
    Member,
    check_members,
    content,
    directory,
    first_name,
    opened,
    read_members,
)

_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


def _archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED, before: bytes = b"") -> bytes:
    out = io.BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "a", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _members(data: bytes) -> list[Member]:
    members: list[Member] = []
    reader = Reader.of_bytes(data)
    assert list(read_members(reader, members)) == []
    assert list(check_members(reader, members)) == []
    return members


@given(
    st.dictionaries(_NAMES, st.binary(max_size=200), max_size=8),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=100),
)
def test_what_the_standard_library_wrote_is_read_back(
    members: dict[str, bytes], compression: int, before: bytes
) -> None:
    data = _archive(members, compression, before)
    reader = Reader.of_bytes(data)
    assert {each.name: content(reader, each, max_bytes=1000) for each in _members(data)} == members


def test_an_archive_comment_does_not_hide_the_directory() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"x")
        archive.comment = b"PK hello" * 1000
    assert [each.name for each in _members(out.getvalue())] == ["a"]


def test_an_archive_with_64_bit_records_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("big", "w", force_zip64=True) as member:
        member.write(b"hello")
    data = out.getvalue()
    (member,) = _members(data)
    assert opened(Reader.of_bytes(data), member).take(5) == b"hello"


def test_more_members_than_16_bits_count_are_read() -> None:
    names = [f"{i}" for i in range(66_000)]
    assert [each.name for each in _members(_archive(dict.fromkeys(names, b"")))] == names


def test_only_so_much_of_a_member_is_inflated() -> None:
    data = _archive({"bomb": bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
    (member,) = _members(data)
    assert len(content(Reader.of_bytes(data), member, max_bytes=100)) == 100
    assert opened(Reader.of_bytes(data), member).size_bytes == 1 << 20


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"PK\5\6", b"hello" * 100])
def test_what_is_no_archive_has_no_directory(data: bytes) -> None:
    assert directory(Reader.of_bytes(data)) is None
    with pytest.raises(Malformed):
        list(read_members(Reader.of_bytes(data), []))


def test_the_first_name_is_known_without_the_directory() -> None:
    assert first_name(Reader.of_bytes(_archive({"m/data.pkl": b"x"})[:45])) == b"m/data.pkl"
    assert first_name(Reader.of_bytes(b"PK\3\4")) == b""
