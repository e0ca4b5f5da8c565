import hashlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.signing import (
    BadSignature,
    DigestName,
    Manifest,
    SignedPiece,
    left_out,
    read_statement,
    write_statement,
)

ZERO, ONE = "0" * 64, "1" * 64
PARTS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="/\0:"), min_size=1, max_size=8
).filter(lambda part: part not in (".", ".."))
NAMES = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


def manifest(files: dict[str, tuple[SignedPiece, ...]], **changes) -> Manifest:
    fields = {
        "name": "tiny",
        "digest_name": DigestName.SHA256,
        "shard_bytes": None,
        "allow_symlinks": False,
        "ignore_paths": ("model.sig", ".git"),
    }
    return Manifest(files=files, **(fields | changes))


def whole(digest: str) -> tuple[SignedPiece, ...]:
    return (SignedPiece(start=0, end=None, digest=digest),)


def written(files: dict[str, tuple[SignedPiece, ...]], **changes) -> dict:
    return json.loads(write_statement(manifest(files, **changes)))


def test_the_statement_is_that_of_the_specification() -> None:
    assert written({"b": whole(ONE), "a/c": whole(ZERO)}) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {
                "name": "tiny",
                "digest": {"sha256": hashlib.sha256(bytes(32) + b"\x11" * 32).hexdigest()},
            }
        ],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": ["model.sig", ".git"],
            },
            "resources": [
                {"name": "a/c", "algorithm": "sha256", "digest": ZERO},
                {"name": "b", "algorithm": "sha256", "digest": ONE},
            ],
        },
    }


def test_files_are_ordered_as_paths_and_shards_as_numbers() -> None:
    shards = tuple(SignedPiece(start=at, end=at + 1, digest=ZERO) for at in range(11))
    names = [
        each["name"]
        for each in written({"a-b": shards[:1], "a/b": shards}, shard_bytes=1)["predicate"]["resources"]
    ]
    assert names == [*(f"a/b:{at}:{at + 1}" for at in range(11)), "a-b:0:1"]


@given(st.dictionaries(NAMES, DIGESTS.map(whole), min_size=1, max_size=5), st.sampled_from([True, False]))
def test_what_was_written_reads_the_same_or_is_refused_when_written(
    files: dict[str, tuple[SignedPiece, ...]], links: bool
) -> None:
    before = manifest(files, allow_symlinks=links)
    try:
        payload = write_statement(before)
    except BadSignature as error:
        assert error.reason == "two names differ only in how their letters are composed"
    else:
        assert read_statement(payload) == before


@given(st.integers(1, 40), st.integers(1, 7))
def test_shards_that_were_written_read_the_same(size: int, step: int) -> None:
    shards = tuple(
        SignedPiece(start=at, end=min(at + step, size), digest=ZERO) for at in range(0, size, step)
    )
    before = manifest({"a": shards}, shard_bytes=step)
    assert read_statement(write_statement(before)) == before


def broken(value: object) -> Iterator[object]:
    """The value with each of its parts, in turn, gone or of another type."""
    if isinstance(value, dict | list):
        for place in list(value) if isinstance(value, dict) else range(len(value)):
            copy = value.copy()
            copy[place] = {"an": "object"} if not isinstance(value[place], dict) else 7
            yield copy
            for part in broken(value[place]):
                copy = value.copy()
                copy[place] = part
                yield copy


def test_no_part_may_be_of_another_type() -> None:
    found = list(broken(written({"a": whole(ZERO)})))
    assert len(found) > 15
    for statement in found:
        with pytest.raises(BadSignature):
            read_statement(json.dumps(statement).encode())


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(BadSignature):
        read_statement(data)


def test_cut_short_it_is_never_accepted() -> None:
    payload = write_statement(manifest({"a": whole(ZERO)}))
    for end in range(len(payload)):
        with pytest.raises(BadSignature):
            read_statement(payload[:end])


def test_a_shard_that_is_short_but_not_the_last_is_refused() -> None:
    ends = ((0, 2), (2, 3), (3, 5))
    shards = tuple(SignedPiece(start=start, end=end, digest=ZERO) for start, end in ends)
    with pytest.raises(BadSignature, match="do not make up one file"):
        read_statement(write_statement(manifest({"a": shards}, shard_bytes=2)))


def test_a_name_with_a_colon_cannot_be_signed_in_shards() -> None:
    shard = (SignedPiece(start=0, end=1, digest=ZERO),)
    with pytest.raises(BadSignature, match="colon"):
        write_statement(manifest({"a:b": shard}, shard_bytes=1))


def test_paths_that_cannot_lie_in_a_model_leave_nothing_out() -> None:
    statement = written({"a": whole(ZERO)})
    statement["predicate"]["serialization"]["ignore_paths"] = ["/etc", "../up", "a/../b", "./plain/", "x"]
    assert read_statement(json.dumps(statement).encode()).ignore_paths == ("plain", "x")


@pytest.mark.parametrize(
    ("name", "expected"), [("a", True), ("a/b/c", True), ("ab", False), ("b/a", False), ("a.txt", False)]
)
def test_a_path_leaves_out_itself_and_what_is_below(name: str, expected: bool) -> None:
    assert left_out(name, ("a",)) is expected
