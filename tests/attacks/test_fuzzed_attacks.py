"""What fuzzing found, each cut down to what matters: bytes that judging once could not cope with."""

import pytest

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict

_FOUND = {
    "an ELF file that ends behind its magic": (b"\x7fELF", "member", Verdict.INCONCLUSIVE),
}


@pytest.mark.parametrize(("data", "name", "verdict"), _FOUND.values(), ids=_FOUND)
def test_what_was_found_is_judged_now(data: bytes, name: str, verdict: Verdict) -> None:
    found = judge(Reader.of_bytes(data, budget=judging_budget()), name=name)

    assert found.judgement.verdict is verdict
