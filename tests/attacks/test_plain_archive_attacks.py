"""Archives of one member behind another whose headers lie."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged

_GOLDEN = Path(__file__).parent.parent / "golden"
_EVIL = b"cos\nsystem\n(S'true'\ntR."


def _ar(*members: tuple[bytes, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, data in members:
        head = name.ljust(16) + b"0           0     0     100644  " + str(len(data)).ljust(10).encode()
        out += head + b"`\n" + data + b"\n" * (len(data) % 2)
    return out


@pytest.mark.parametrize(
    "members",
    [
        [(b"#1/%d" % len(_EVIL), _EVIL)],  # the name is the file
        [(b"//", _EVIL)],  # and so are the names of others
        [(b"/", _EVIL)],
        [(b"/999999999", _EVIL)],
        [(b"a/", b"x"), (b"/7", _EVIL)],
    ],
)
def test_what_ar_has_for_itself_is_judged_as_well(members: list[tuple[bytes, bytes]]) -> None:
    assert judged(_ar(*members), "x.ar").judgement.verdict == Verdict.MALICIOUS


def test_two_members_of_one_name_are_told() -> None:
    assert "archive-duplicate" in checks(_ar((b"a/", b"x"), (b"./a/", b"y")), "x.ar")


@pytest.mark.parametrize("path", ["ar/package.deb", "cpio/plain.cpio", "cpio/old-plain.cpio"])
def test_an_archive_cut_at_any_byte_is_never_clean(path: str) -> None:
    whole = (_GOLDEN / path).read_bytes()
    between = {at for at in range(8, len(whole)) if whole[at + 58 : at + 60] == b"`\n"}  # ar has no end
    for cut in set(range(1, len(whole.rstrip(b"\0\n")))) - between:
        assert judged(whole[:cut], Path(path).name).judgement.verdict >= Verdict.UNKNOWN, cut


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from((b"!<arch>\n", b"070701", b"070707", b"\xc7\x71", b"\x71\xc7")), st.binary(max_size=200)
)
def test_any_bytes_are_judged(start: bytes, rest: bytes) -> None:
    assert judged(start + rest, "x.cpio").judgement.verdict >= Verdict.CLEAN
