import io
import zipfile

import pytest

from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged
from zipping import EVIL, PLAIN, Part, raw_zip, zipped


def test_any_other_zip_file_is_judged_by_its_members() -> None:
    assert judged(zipped({"a.pkl": PLAIN, "b.pkl": PLAIN})).format == "zip"
    found = judged(zipped({"a.pkl": PLAIN, "deep/b.pkl": EVIL}))
    (spotted,) = found.spotted
    assert (found.judgement.verdict, spotted.within) == (Verdict.MALICIOUS, "deep/b.pkl")


def test_archives_within_archives_are_judged_too() -> None:
    inner = zipped({"x.pkl": EVIL}, zipfile.ZIP_DEFLATED)
    (spotted,) = judged(zipped({"a.zip": inner})).spotted
    assert (spotted.within, spotted.check) == ("a.zip!/x.pkl", "pickle-dangerous-call")


def test_an_empty_archive_is_clean() -> None:
    assert judged(zipped({})).judgement.verdict is Verdict.CLEAN


def test_a_program_before_the_archive_does_not_hide_it() -> None:
    out = io.BytesIO(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("a.pkl", EVIL)
    found = judged(out.getvalue())
    assert (found.format, found.judgement.verdict) == ("zip", Verdict.MALICIOUS)


@pytest.mark.parametrize("method", [9, 97])
def test_a_member_that_nobody_can_open_is_inconclusive(method: int) -> None:
    data = raw_zip([Part(name=b"a", data=b"xy", method=method)])
    assert checks(data) == {"closed-member"}
    assert judged(data).judgement.verdict is Verdict.INCONCLUSIVE
