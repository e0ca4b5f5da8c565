import struct
import zlib

import numpy as np
import pytest

from raw_headers import npy
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.zip_layout import Entry, laid_out
from ringfence.artifacts.zip_members import inside
from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged
from zipping import EVIL, PLAIN, Part, raw_zip


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


def _told(part: Part) -> list[str]:
    """The problems with the one member."""
    data = raw_zip([part])
    reader = Reader.of_bytes(data, budget=Budget(read_bytes=1 << 20, inflated_bytes=1 << 20, files=10))
    (entry,) = (each for each in laid_out(reader) if isinstance(each, Entry))
    return [each.detail for each in inside(reader, entry) if isinstance(each, Problem)]


@pytest.mark.parametrize(
    ("data", "more", "told"),
    [
        (_deflated(PLAIN), {}, []),
        (_deflated(PLAIN), {"crc": 1}, ["member a: its checksum is wrong"]),
        (_deflated(PLAIN)[:-1], {}, ["a member ends before its data do"]),
        (_deflated(PLAIN) + b"x", {}, ["bytes behind a member's data"]),
        (_deflated(PLAIN), {"inflated_bytes": 9}, ["member a: inflates to 13 bytes, said to be 9"]),
        (b"\xff\xff", {}, ["a member is no valid data"]),
    ],
)
def test_a_compressed_member_is_what_is_said_of_it(
    data: bytes, more: dict[str, int], told: list[str]
) -> None:
    claims = {"crc": zlib.crc32(PLAIN), "inflated_bytes": len(PLAIN), **more}
    part = Part(name=b"a", data=data, method=8, crc=claims["crc"], inflated_bytes=claims["inflated_bytes"])
    assert _told(part) == told


def test_a_checkpoint_may_have_wrong_checksums() -> None:
    """`torch.serialization.set_crc32_options(False)` saves the time to work them out."""
    assert judged(raw_zip([Part(name=b"m/data.pkl", data=PLAIN, crc=1)])).judgement.verdict is Verdict.CLEAN


def test_what_follows_an_array_in_an_archive_is_judged() -> None:
    array = npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", bytes(8))
    assert judged(raw_zip([Part(name=b"a.npy", data=array)])).spotted == ()
    found = judged(raw_zip([Part(name=b"a.npy", data=array + EVIL)]))
    assert (found.format, found.judgement.verdict) == ("npz", Verdict.MALICIOUS)


def test_a_pickle_is_judged_behind_a_header_that_only_numpy_understands() -> None:
    header = b"{'descr': 'object', 'fortran_order': False, 'shape': (1,)}"
    assert judged(npy(header, EVIL)).judgement.verdict is Verdict.MALICIOUS
    assert np.dtype("object").hasobject


def test_claims_that_no_compression_can_keep_are_told() -> None:
    claimed = Part(name=b"m/data/0", data=_deflated(b""), method=8, inflated_bytes=1 << 31)
    data = raw_zip([Part(name=b"m/data.pkl", data=PLAIN), claimed])
    assert checks(data) == {"over-limit", "bad-header"}


def test_end_records_of_32_and_64_bits_that_differ_are_told() -> None:
    data = raw_zip([Part(name=b"a.pkl", data=PLAIN)])
    end_at, at = data.index(b"PK\5\6"), data.index(b"PK\1\2")
    record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, end_at - at, at)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end_at, 1)
    honest = data[:end_at] + record + locator + data[end_at:]
    assert judged(honest).spotted == ()
    lying = honest[:-14] + struct.pack("<HHLL", 2, 2, end_at - at, at) + honest[-2:]
    assert checks(lying) == {"archive-ambiguous"}
