import pytest

from archiving import judged


@pytest.mark.parametrize(
    "data",
    [
        b"Rar!\x1a\x07\x01\x00",
        b"MSCF\0\0\0\0",
        b"hsqs" + bytes(100),
        b"\x60\xea" + bytes(8) + b"\2",
        bytes(20) + b"\xdc\xa7\xc4\xfd",
        b"\x21\x42-lh5-",
        bytes(0x8001) + b"CD001" + bytes(2000),
        bytes(512) + b"koly" + bytes(508),
    ],
    ids=["rar", "cab", "squashfs", "arj", "zoo", "lha", "iso", "dmg"],
)
def test_what_nobody_opens_is_inconclusive(data: bytes) -> None:
    found = judged(data)
    assert (found.format, found.judgement.verdict, [each.check for each in found.spotted]) == (
        "other-archive",
        "inconclusive",
        ["not-examined"],
    )


@pytest.mark.parametrize("data", [b"", b"text", bytes(100)])
def test_other_files_are_none(data: bytes) -> None:
    assert judged(data).format != "other-archive"
