import tarfile

import pytest

from archiving import GOOD, PAYLOAD, checks, tar_of, tar_with


def _info(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b""


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_member_is_judged(form: int) -> None:
    assert checks(tar_of(("a.pkl", GOOD), ("b/c.pkl", GOOD), ("empty", b""), form=form)) == ("clean", [])
    assert checks(tar_of(("a.pkl", GOOD), ("b/c", PAYLOAD), form=form)) == (
        "malicious",
        ["critical pickle-dangerous-call b/c"],
    )


def test_an_archive_of_nothing_is_clean() -> None:
    assert checks(tar_of(), "empty.tar") == ("clean", [])


def test_a_hub_snapshots_links_are_fine() -> None:
    folder, link = (
        _info("snapshots", tarfile.DIRTYPE),
        _info("snapshots/a.pkl", tarfile.SYMTYPE, "../blobs/1"),
    )
    info = tarfile.TarInfo("blobs/1")
    info.size = len(GOOD)
    assert checks(tar_with(folder, link, (info, GOOD))) == ("clean", [])


@pytest.mark.parametrize(
    "member",
    [
        _info("/etc/cron.d/x", tarfile.REGTYPE),
        _info("a/../../x", tarfile.REGTYPE),
        _info("..\\x", tarfile.REGTYPE),
        _info("a", tarfile.SYMTYPE, "/etc"),
        _info("a", tarfile.SYMTYPE, "../x"),
        _info("a", tarfile.LNKTYPE, "../x"),
        _info("a", tarfile.CHRTYPE),
        _info("a", tarfile.FIFOTYPE),
    ],
    ids=lambda member: f"{member[0].type!r} {member[0].name} {member[0].linkname}",
)
def test_what_leads_outside_is_said(member: tuple[tarfile.TarInfo, bytes]) -> None:
    assert checks(tar_with(member)) == ("suspicious", ["high archive-escapes "])


def test_writing_through_a_link_is_said() -> None:
    data = tar_with(_info("a", tarfile.SYMTYPE, "b"), _info("a/x", tarfile.REGTYPE))
    assert checks(data) == ("suspicious", ["high archive-escapes "])


def test_the_same_file_twice_says_nothing() -> None:
    assert checks(tar_of(("a.pkl", GOOD), ("./a.pkl", GOOD))) == ("clean", [])


def test_a_file_that_is_a_hard_link_the_second_time_says_nothing() -> None:
    first, second = tarfile.TarInfo("a.pkl"), tarfile.TarInfo("b.pkl")
    first.size = second.size = len(GOOD)
    data = tar_with((first, GOOD), _info("b.pkl", tarfile.LNKTYPE, "a.pkl"), (second, GOOD))
    assert checks(data) == ("clean", [])


@pytest.mark.parametrize("other", [GOOD + b"x", GOOD[:-3] + bytes([GOOD[-3] ^ 1]) + GOOD[-2:]])
def test_two_files_of_one_name_are_said(other: bytes) -> None:
    verdict, found = checks(tar_of(("a.pkl", GOOD), ("a.pkl", other)))
    assert verdict == "suspicious"
    assert "high archive-duplicate " in found
