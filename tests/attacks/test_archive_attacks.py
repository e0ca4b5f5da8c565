"""Ways around a look into archives: each of them hides a payload, or is made to cost a reader dearly."""

import bz2
import gzip
import io
import lzma
import pickle
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable

import joblib
import lz4.frame
import numpy as np
import py7zr
import pytest

from archiving import GOOD, PAYLOAD, checks, tar_of, tar_with
from ringfence.artifacts.budget import Budget
from ringfence.core.limits import LIMITS

_BLOCK = 512


def zip_of(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


def seven_zip_of(name: str, data: bytes, **how: object) -> bytes:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", **how) as archive:
        archive.writestr(data, name)
    return file.getvalue()


def checksummed(block: bytes) -> bytes:
    """The tar header with the checksum that it should have."""
    blank = block[:148] + b" " * 8 + block[156:]
    return block[:148] + b"%06o\0 " % sum(blank) + block[156:]


# Nested


def test_a_payload_in_a_zip_in_a_tar_in_a_gzip_in_a_7z_is_found() -> None:
    data = seven_zip_of("a.tgz", gzip.compress(tar_of(("b.zip", zip_of("c.bin", PAYLOAD)))))
    verdict, found = checks(data)
    assert verdict == "malicious"
    assert "critical pickle-dangerous-call a.tgz!/b.zip!/c.bin" in found


def test_what_is_nested_too_deep_is_inconclusive() -> None:
    data = GOOD
    for _ in range(LIMITS.judged_depth + 1):
        data = tar_of(("a", data))
    verdict, found = checks(data)
    assert verdict == "inconclusive"
    assert found[0].startswith("medium over-limit a!/a")


def test_a_thousand_layers_end_early() -> None:
    data = PAYLOAD
    for _ in range(1000):
        data = gzip.compress(data)
    assert checks(data) == ("inconclusive", ["medium over-limit "])


# Bombs


def test_a_payload_at_the_front_of_a_bomb_is_found_within_seconds() -> None:
    ten_gigabytes = gzip.compress(bytes(64 << 20), 1) * 160
    started = time.process_time()
    verdict, found = checks(gzip.compress(PAYLOAD) + ten_gigabytes, "model.pkl.gz")
    assert verdict == "malicious"
    assert "medium over-limit " in found
    assert time.process_time() - started < 30


def test_bombs_in_a_tar_share_one_budget() -> None:
    bomb = gzip.compress(bytes(1 << 20))
    budget = Budget(read_bytes=1 << 30, inflated_bytes=10 << 20, files=100)
    verdict, found = checks(tar_of(*((f"{i}.gz", bomb) for i in range(20))), budget=budget)
    assert verdict == "inconclusive"
    assert "medium over-limit 9.gz" not in found
    assert "medium over-limit 10.gz" in found


def test_a_7z_bomb_is_over_the_limit() -> None:
    data = seven_zip_of("a.pkl", PAYLOAD + bytes(10 << 20))
    verdict, found = checks(data, budget=Budget(read_bytes=1 << 30, inflated_bytes=1 << 20, files=10))
    assert (verdict, "medium over-limit " in found) == ("malicious", True)


def test_a_tar_that_claims_an_exabyte_is_read_no_further_than_it_goes() -> None:
    block = bytearray(tar_of(("a.pkl", GOOD), form=tarfile.GNU_FORMAT)[:_BLOCK])
    block[124:136] = b"\x80" + (1 << 60).to_bytes(11)
    assert checks(checksummed(bytes(block)) + GOOD)[0] == "inconclusive"


def test_members_without_number_take_no_longer_than_they_may() -> None:
    started = time.process_time()
    data = tar_of(("a", b""), form=tarfile.USTAR_FORMAT)[:_BLOCK] * 100_000 + bytes(1024)
    budget = Budget(read_bytes=1 << 30, seconds=0.2)
    assert checks(data, budget=budget)[0] == "inconclusive"
    assert time.process_time() - started < 2


# Cut short, and broken

_WHOLE: dict[str, bytes] = {
    "tar": tar_of(("a" * 120, GOOD), ("b.pkl", GOOD))[: -7 * _BLOCK],
    "gzip": gzip.compress(tar_of(("a.pkl", GOOD))),
    "bzip2": bz2.compress(tar_of(("a.pkl", GOOD))),
    "xz": lzma.compress(tar_of(("a.pkl", GOOD))),
    "lzma": lzma.compress(tar_of(("a.pkl", GOOD)), lzma.FORMAT_ALONE),
    "zlib": zlib.compress(tar_of(("a.pkl", GOOD))),
    "lz4": lz4.frame.compress(tar_of(("a.pkl", GOOD))),
    "joblib": gzip.compress(GOOD),
}


@pytest.mark.parametrize("kind", _WHOLE)
def test_one_that_is_cut_short_anywhere_is_never_clean(kind: str) -> None:
    whole = _WHOLE[kind]
    end = len(whole.rstrip(b"\0")) + 1024 if kind == "tar" else len(whole)
    # Less is the text that it looks like.
    cuts = [*range(11, min(end, 700)), *range(700, end, 101), end - 1]
    assert checks(whole)[0] == "clean"
    assert [cut for cut in cuts if checks(whole[:cut], f"a.{kind}")[0] in ("clean", "known-library")] == []


def test_a_wrong_checksum_hides_nothing_from_a_loader_that_never_comes_to_it() -> None:
    broken = gzip.compress(PAYLOAD)[:-8] + bytes(8)
    assert gzip.GzipFile(fileobj=io.BytesIO(broken)).read(20) == PAYLOAD[:20]
    assert checks(broken)[0] == "malicious"


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_what_comes_before_broken_data_is_judged(compress: Callable[[bytes], bytes]) -> None:
    data = compress(PAYLOAD) + compress(b"x" * 9999)[:-20] + b"?" * 20
    verdict, found = checks(data)
    assert (verdict, "medium bad-header " in found) == ("malicious", True)


# Two readings of one tar


def test_a_size_that_pax_and_ustar_disagree_on_is_said_and_both_readings_are_judged() -> None:
    hidden = tar_of(("evil.pkl", PAYLOAD), form=tarfile.USTAR_FORMAT)[: 2 * _BLOCK]
    info = tarfile.TarInfo("notes")
    info.size = len(hidden)
    info.pax_headers = {"size": str(len(hidden))}
    data = bytearray(tar_with((info, hidden)))
    at = data.index(b"notes\0")
    data[at + 124 : at + 136] = b"0" * 11 + b"\0"
    data[at : at + _BLOCK] = checksummed(bytes(data[at : at + _BLOCK]))
    verdict, found = checks(bytes(data))
    assert verdict == "malicious"
    assert "high archive-ambiguous " in found


@pytest.mark.parametrize("size", [b"0o30\0", b"1_0\0", b"\0007\0", b"-7\0"])
def test_a_size_that_readers_understand_differently_is_said(size: bytes) -> None:
    data = bytearray(tar_of(("a.pkl", PAYLOAD), form=tarfile.USTAR_FORMAT))
    data[124:136] = size.ljust(12, b"\0")
    data[:_BLOCK] = checksummed(bytes(data[:_BLOCK]))
    verdict, found = checks(bytes(data))
    assert verdict == "malicious"
    assert "high archive-ambiguous " in found


def test_members_in_what_a_folder_says_to_hold_are_judged() -> None:
    hidden = tar_of(("evil.pkl", PAYLOAD), form=tarfile.USTAR_FORMAT)
    info = tarfile.TarInfo("folder")
    info.type = tarfile.DIRTYPE
    block = bytearray(tar_with((info, b""), form=tarfile.USTAR_FORMAT)[:_BLOCK])
    block[124:136] = b"%011o\0" % (2 * _BLOCK)
    verdict, found = checks(checksummed(bytes(block)) + hidden)
    assert verdict == "malicious"
    assert "high archive-ambiguous " in found


def test_one_size_for_all_members_is_said() -> None:
    file = io.BytesIO()
    with tarfile.open(
        fileobj=file, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "x"}
    ) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    assert checks(file.getvalue()) == ("suspicious", ["high archive-ambiguous "])


@pytest.mark.parametrize("between", [b"", b"?" * _BLOCK, b"?" * 700])
def test_an_archive_behind_the_end_of_another_is_judged(between: bytes) -> None:
    data = tar_of(("a.pkl", GOOD)) + between + bytes(-len(between) % _BLOCK) + tar_of(("b.pkl", PAYLOAD))
    verdict, found = checks(data)
    assert verdict == "malicious"
    assert {"medium trailing-data ", "critical pickle-dangerous-call b.pkl"} <= set(found)


def test_a_bare_payload_behind_the_end_is_judged() -> None:
    verdict, found = checks(tar_of(("a.pkl", GOOD)) + PAYLOAD)
    assert (verdict, "critical pickle-dangerous-call " in found) == ("malicious", True)


def test_links_that_lead_out_together_are_said() -> None:
    infos = []
    for name, target in (("a", "b/.."), ("b", "c/d"), ("a/../x", "y")):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = tarfile.SYMTYPE, target
        infos.append((info, b""))
    assert checks(tar_with(infos[0], infos[1])) == ("suspicious", ["high archive-escapes "])


# Names that say something else


@pytest.mark.parametrize(
    "compress", [gzip.compress, bz2.compress, lzma.compress, zlib.compress, lz4.frame.compress]
)
def test_a_pickle_without_a_mark_is_found_by_the_name_behind_the_compressions(
    compress: Callable[[bytes], bytes],
) -> None:
    assert checks(compress(b"cos\nsystem\n(S'echo hi'\ntR."), "model.pkl.packed")[0] == "malicious"


def test_the_name_within_a_gzip_header_counts_for_nothing() -> None:
    file = io.BytesIO()
    with gzip.GzipFile("readme.txt", "wb", fileobj=file) as packed:
        packed.write(b"cos\nsystem\n(S'echo hi'\ntR.")
    assert checks(file.getvalue(), "model.pkl.gz")[0] == "malicious"


def test_a_prefix_that_only_some_readers_look_at_may_not_lead_outside() -> None:
    block = bytearray(tar_of(("a", b""), form=tarfile.USTAR_FORMAT)[:_BLOCK])
    block[257:265], block[345:349] = bytes(8), b"/etc"
    data = checksummed(bytes(block)) + bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["/etc/a"]
    assert checks(data) == ("suspicious", ["high archive-escapes "])


def test_a_gzip_name_that_goes_on_and_on_hides_nothing() -> None:
    plain = gzip.compress(PAYLOAD)
    data = plain[:3] + b"\x08" + plain[4:10] + b"n" * 100_000 + b"\0" + plain[10:]
    assert gzip.decompress(data) == PAYLOAD
    assert checks(data)[0] == "malicious"


def test_a_payload_cut_in_two_streams_of_two_kinds_is_found() -> None:
    halves = lzma.compress(PAYLOAD[:20]) + lzma.compress(PAYLOAD[20:], lzma.FORMAT_ALONE)
    assert lzma.decompress(halves) == PAYLOAD
    assert checks(halves) == ("malicious", ["critical pickle-dangerous-call "])


@pytest.mark.parametrize(("library", "suffix"), [("lz4", "lz4"), ("backports", "zst")])
def test_what_no_library_is_there_for_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, library: str, suffix: str
) -> None:
    frame = {"lz4": b"\x04\x22\x4d\x18" + bytes(20), "zst": b"\x28\xb5\x2f\xfd" + bytes(20)}[suffix]
    for name in (library, "compression"):
        monkeypatch.setitem(sys.modules, name, None)
    assert checks(frame, f"a.{suffix}") == ("inconclusive", ["medium needs-extra "])


# joblib


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("print('hi')",)


@pytest.mark.parametrize(
    "compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)], ids=str
)
def test_a_payload_behind_joblibs_arrays_is_found(compress: int | tuple[str, int]) -> None:
    file = io.BytesIO()
    joblib.dump({"a": np.zeros(50_000), "b": _Payload()}, file, compress=compress)
    assert checks(file.getvalue(), "model.joblib")[0] == "malicious"
    file = io.BytesIO()
    joblib.dump({"a": np.arange(50_000), "b": [1, "two"]}, file, compress=compress)
    assert checks(file.getvalue(), "model.joblib") == ("clean", [])


@pytest.mark.parametrize("blanks", [0, 1])
def test_joblibs_old_container_is_opened(blanks: int) -> None:
    def old(data: bytes) -> bytes:
        return b"ZF" + hex(len(data)).encode().ljust(19) + b" " * blanks + zlib.compress(data)

    assert checks(old(PAYLOAD), "a.pkl")[0] == "malicious"
    assert checks(old(GOOD), "a.pkl") == ("clean", [])


def test_a_second_stream_behind_a_pickles_is_judged() -> None:
    assert checks(zlib.compress(GOOD) + zlib.compress(PAYLOAD), "a.joblib")[0] == "malicious"
    assert checks(gzip.compress(GOOD) + gzip.compress(PAYLOAD), "a.joblib")[0] == "malicious"
    assert checks(gzip.compress(pickle.dumps(1) + b"?" * 50 + PAYLOAD), "a.joblib")[0] == "malicious"
