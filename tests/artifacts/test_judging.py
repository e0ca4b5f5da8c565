"""The dispatcher of judging: what a file is taken for, and how files within files count."""

import gzip
import io
import pickle
import tarfile
import zipfile

import pytest

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.judging import Judged, judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict

CALLS = b"cos\nsystem\n(S'true'\ntR."


def judged(data: bytes, name: str, budget: Budget | None = None) -> Judged:
    return judge(Reader.of_bytes(data, budget=budget or judging_budget()), name=name)


@pytest.mark.parametrize(
    ("name", "data", "verdict"),
    [
        ("config.json", b"", Verdict.CLEAN),
        ("__init__.py", b"", Verdict.CLEAN),
        ("model.safetensors", b"", Verdict.INCONCLUSIVE),
        ("weights.bin", b"", Verdict.INCONCLUSIVE),
        ("weights.tar.gz", b"", Verdict.INCONCLUSIVE),
        ("LICENSE", b"do what you want", Verdict.CLEAN),
        ("CACHEDIR.TAG", b"Signature: 8a47", Verdict.CLEAN),
        ("weights.pt", b"<html>not found</html>", Verdict.INCONCLUSIVE),
        ("data.unheard", bytes(range(256)), Verdict.INCONCLUSIVE),
        ("CACHEDIR.TAG", CALLS, Verdict.MALICIOUS),
    ],
)
def test_what_is_no_model_is_judged_by_its_bytes_and_by_what_its_name_claims(
    name: str, data: bytes, verdict: Verdict
) -> None:
    assert judged(data, name).judgement.verdict is verdict


def test_a_finding_within_archives_within_archives_says_where_it_stands() -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("deep/model.pkl", CALLS)
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        member = tarfile.TarInfo("inner.zip")
        member.size = len(zipped.getvalue())
        tar.addfile(member, io.BytesIO(zipped.getvalue()))
    found = judged(gzip.compress(tarred.getvalue()), "all.tar.gz")
    (spotted,) = found.spotted
    assert (found.format, found.judgement.verdict) == ("gzip", Verdict.MALICIOUS)
    assert spotted.within == "inner.zip!/deep/model.pkl"


def test_files_within_files_share_one_budget() -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for number in range(10):
            archive.writestr(f"{number}.txt", "hello")
    few = Budget(read_bytes=1 << 20, inflated_bytes=1 << 20, files=5)
    assert judged(zipped.getvalue(), "a.zip").judgement.verdict is Verdict.CLEAN
    assert judged(zipped.getvalue(), "a.zip", few).judgement.verdict is Verdict.INCONCLUSIVE


def test_a_thing_that_is_everywhere_is_told_fifty_times_and_no_more() -> None:
    stacked = b"".join(pickle.dumps(None)[:-1] + b"0cos\nf%d\n)R." % number for number in range(200))
    found = judged(stacked, "many.pkl")
    assert found.judgement.verdict >= Verdict.SUSPICIOUS
    assert 0 < len(found.spotted) <= 2 * 50
