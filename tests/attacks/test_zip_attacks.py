"""Zip files made to show one thing to a scanner and another to a loader, or to cost more than they should."""

import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examining import CountedFile
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged
from zipping import EVIL, PLAIN, Part, raw_zip, zipped

_SECONDS = 10.0


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


@pytest.mark.parametrize(
    ("data", "check"),
    [
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=PLAIN), Part(name=b"b.pkl", data=EVIL, is_listed=False)]),
            "zip-hidden-member",
            id="only before the member",
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=EVIL, listed_name=b"a.txt")]),
            "archive-ambiguous",
            id="two names",
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=EVIL, flags=1)]), "closed-member", id="said to be encrypted"
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=EVIL, listed_flags=1)]),
            "archive-ambiguous",
            id="encrypted in one place only",
        ),
        pytest.param(raw_zip([Part(name=b"a.pkl", data=EVIL, crc=1)]), "bad-header", id="wrong checksum"),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=PLAIN[:2] + EVIL, size_bytes=2)]),
            "zip-unlisted-data",
            id="shorter than it is",
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=EVIL, size_bytes=2, inflated_bytes=len(EVIL))]),
            "archive-ambiguous",
            id="two sizes",
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=PLAIN)], behind=EVIL), "zip-unlisted-data", id="behind"
        ),
        pytest.param(
            raw_zip([Part(name=b"a", data=b"1"), Part(name=b"b", data=b"1", before=EVIL)]),
            "zip-unlisted-data",
            id="between",
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=PLAIN)], comment=EVIL), "zip-unlisted-data", id="in the comment"
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=EVIL), Part(name=b"a.pkl", data=PLAIN)]),
            "duplicate-key",
            id="twice, first",
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl", data=PLAIN), Part(name=b"./a.pkl", data=EVIL)]),
            "duplicate-key",
            id="twice, second",
        ),
        pytest.param(
            raw_zip([Part(name=b"a.pkl\0.txt", data=EVIL)]), "archive-escapes", id="behind the name's end"
        ),
    ],
)
def test_a_payload_is_found_wherever_it_is_put(data: bytes, check: str) -> None:
    found = judged(data)
    assert found.judgement.verdict is Verdict.MALICIOUS
    assert check in {each.check for each in found.spotted}


@pytest.mark.parametrize("where", ["before", "behind"])
def test_another_file_around_the_archive_is_judged_as_that_file(where: str) -> None:
    harmless = [Part(name=b"a.pkl", data=PLAIN)]
    data = raw_zip(harmless, before=EVIL) if where == "before" else raw_zip(harmless, behind=EVIL)
    assert judged(data).judgement.verdict is Verdict.MALICIOUS


def test_both_directories_are_read_where_readers_see_two() -> None:
    """zipfile counts back from the end record, miniz goes where it points."""
    evil = raw_zip([Part(name=b"b.pkl", data=EVIL)])
    size = evil.index(b"PK\5\6") - evil.index(b"PK\1\2")
    shown = raw_zip([Part(name=b"c.pkl", data=PLAIN)])
    data = evil[: evil.index(b"PK\5\6")] + shown
    end = bytearray(data[-22:])
    struct.pack_into("<L", end, 16, evil.index(b"PK\1\2"))
    assert size == struct.unpack_from("<L", end, 12)[0]
    found = judged(data[:-22] + bytes(end))
    assert found.judgement.verdict is Verdict.MALICIOUS
    assert "archive-ambiguous" in {each.check for each in found.spotted}


def test_an_end_record_in_the_comment_of_another_is_told() -> None:
    inner = raw_zip([])
    assert "archive-ambiguous" in checks(raw_zip([Part(name=b"a", data=b"1")], comment=inner))


@pytest.mark.parametrize(
    "name", [b"/etc/x", b"../x", b"a/../../x", b"..\\x", b"C:\\x", b"\\\\host\\x", b"a\0b"]
)
def test_a_name_that_leads_elsewhere_is_suspicious(name: bytes) -> None:
    data = raw_zip([Part(name=name, data=PLAIN)])
    assert "archive-escapes" in checks(data)
    assert judged(data).judgement.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("target", "verdict"),
    [(b"b/c", Verdict.CLEAN), (b"../x", Verdict.SUSPICIOUS), (b"/x", Verdict.SUSPICIOUS)],
)
def test_a_link_may_stay_within_the_archive_only(target: bytes, verdict: Verdict) -> None:
    data = raw_zip([Part(name=b"link", data=target, attributes=0o120777 << 16)])
    assert judged(data).judgement.verdict is verdict


@pytest.mark.parametrize(
    "part",
    [
        Part(name=b"a.pkl", data=bytes(12) + PLAIN, flags=1, inflated_bytes=len(PLAIN)),
        Part(name=b"a.pkl", data=b"\xff" * 40, flags=1, method=8),
        Part(name=b"a.pkl", data=PLAIN, method=9),
        Part(name=b"a.pkl", data=_deflated(PLAIN)[:-3], method=8, inflated_bytes=len(PLAIN)),
    ],
    ids=["encrypted", "encrypted and deflated", "deflate64", "cut short"],
)
def test_what_cannot_be_opened_is_never_clean(part: Part) -> None:
    assert judged(raw_zip([part])).judgement.verdict >= Verdict.INCONCLUSIVE


@pytest.mark.parametrize("folders", [("a", "b"), ("b", "a")])
def test_two_main_pickles_are_suspicious_whichever_is_loaded(folders: tuple[str, str]) -> None:
    data = zipped({f"{folder}/data.pkl": PLAIN for folder in folders})
    assert checks(data) == {"pytorch-two-pickles"}


def test_pytorch_does_not_tell_upper_from_lower_case() -> None:
    found = judged(zipped({"a/version": b"3\n", "a/DATA.PKL": EVIL}))
    assert (found.format, found.judgement.verdict) == ("pytorch", Verdict.MALICIOUS)


@pytest.mark.parametrize("name", ["constants.pkl", "x.PKL", "code/a.debug_pkl", "sub/x.pkl", "data/0.bin"])
def test_every_pickle_in_a_checkpoint_is_judged(name: str) -> None:
    data = zipped({"a/data.pkl": PLAIN, f"a/{name}": EVIL})
    assert judged(data).judgement.verdict is Verdict.MALICIOUS


def test_what_pytorch_calls_a_short_text_is_judged_when_it_is_none() -> None:
    data = zipped({"a/data.pkl": PLAIN, "a/version": EVIL})
    assert judged(data).judgement.verdict is Verdict.MALICIOUS


def test_a_large_checkpoint_costs_next_to_nothing() -> None:
    weights = 200_000_000
    whole = raw_zip([Part(name=b"a/data.pkl", data=PLAIN), Part(name=b"a/data/0", size_bytes=0)])
    member_at = whole.index(b"a/data/0") + 8
    size = struct.pack("<LL", weights, weights)
    directory = bytearray(whole[member_at:])
    second = directory.rindex(b"PK\1\2")
    directory[second + 20 : second + 28] = size
    struct.pack_into("<L", directory, directory.index(b"PK\5\6") + 16, member_at + weights)
    start = bytearray(whole[:member_at])
    start[start.rindex(b"PK\3\4") + 18 : start.rindex(b"PK\3\4") + 26] = size

    class File(CountedFile):
        def read_at(self, size_bytes: int, offset: int) -> bytes:
            if offset < len(start):
                return super().read_at(size_bytes, offset)
            self.read_bytes += size_bytes
            at = offset - len(start) - weights
            return bytes(directory[max(0, at) : max(0, at + size_bytes)]).rjust(size_bytes, b"\0")

    file = File(bytes(start), len(start) + weights + len(directory))
    reader = Reader(file.read_at, file.size_bytes, budget=judging_budget())
    assert judge(reader, name="x.pt").judgement.verdict is Verdict.CLEAN
    assert file.read_bytes < 300_000


def _zeros(megabytes: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return piece * megabytes + deflate.flush()


def test_ten_gigabytes_of_zeros_are_over_a_limit() -> None:
    size = 10_240
    bomb = Part(name=b"a", data=_zeros(size), method=8, inflated_bytes=0xFFFFFFFE)
    started = time.monotonic()
    found = judged(raw_zip([bomb]))
    assert found.judgement.verdict >= Verdict.INCONCLUSIVE
    assert "over-limit" in {each.check for each in found.spotted}
    assert time.monotonic() - started < _SECONDS


def test_members_that_share_their_bytes_are_looked_into_only_so_often() -> None:
    kernel = Part(name=b"k", data=_zeros(16), method=8, inflated_bytes=16 << 20)
    quoted = [
        Part(name=b"%d" % i, at=0, data=kernel.data, method=8, inflated_bytes=16 << 20) for i in range(5000)
    ]
    started = time.monotonic()
    found = judged(raw_zip([kernel, *quoted]))
    assert found.judgement.verdict >= Verdict.SUSPICIOUS
    assert "overlapping-data" in {each.check for each in found.spotted}
    assert time.monotonic() - started < _SECONDS


def test_archives_within_archives_end_at_a_depth() -> None:
    data = EVIL
    for _ in range(12):
        data = zipped({"a.zip": data})
    assert judged(data).judgement.verdict is Verdict.INCONCLUSIVE


def test_an_archive_of_archives_ends_at_its_budget() -> None:
    data = raw_zip([Part(name=b"z", data=_zeros(512), method=8, inflated_bytes=512 << 20)])
    for _ in range(4):
        data = zipped({f"{i}.zip": data for i in range(16)}, zipfile.ZIP_DEFLATED)
    budget = Budget(read_bytes=1 << 30, inflated_bytes=256 << 20, files=100_000, seconds=120)
    started = time.monotonic()
    found = judge(Reader.of_bytes(data, budget=budget), name="x.zip")
    assert found.judgement.verdict is Verdict.INCONCLUSIVE
    assert time.monotonic() - started < _SECONDS


def test_a_count_that_lies_is_no_reason_to_wait() -> None:
    record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 32, 1 << 32, 0, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert judged(record + locator + end).judgement.verdict >= Verdict.INCONCLUSIVE
    assert (
        judged(raw_zip([Part(name=b"a", data=b"1")], count=65_000)).judgement.verdict >= Verdict.INCONCLUSIVE
    )


_SMALL = [
    zipped({"a/data.pkl": PLAIN, "a/version": b"3\n", "a/data/0": bytes(8)}),
    zipped({"x.pkl": PLAIN, "y.pkl": PLAIN}, zipfile.ZIP_DEFLATED),
]


@pytest.mark.parametrize("data", _SMALL, ids=["pytorch", "deflated"])
def test_one_cut_short_at_any_byte_is_never_clean(data: bytes) -> None:
    assert judged(data, "x.pt").judgement.verdict is Verdict.CLEAN
    for size in range(1, len(data)):
        assert judged(data[:size], "x.pt").judgement.verdict >= Verdict.INCONCLUSIVE, size


@settings(deadline=None)
@given(
    st.sampled_from(_SMALL),
    st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=8)), max_size=4),
)
def test_no_damage_makes_it_crash(data: bytes, damage: list[tuple[int, bytes]]) -> None:
    broken = bytearray(data)
    for at, there in damage:
        place = at % len(broken)
        broken[place : place + len(there)] = there
    judged(bytes(broken), "x.pt")
