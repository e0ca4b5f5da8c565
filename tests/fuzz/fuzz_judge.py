"""Fuzzes the judging of one family: the first byte chooses the name, the rest is the file.

fuzz_judge.py FAMILY [options of libFuzzer]; the names are those of the family's golden files.
"""

import sys

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.artifacts.budget import Budget
    from ringfence.artifacts.judging import judge
    from ringfence.artifacts.reader import Reader
    from ringfence.artifacts.spotted import as_finding
    from ringfence.core.limits import LIMITS
    from ringfence.core.text import printable

from write_seeds import names_of

_NAMES = names_of(sys.argv.pop(1))
_READ_BYTES, _INFLATED_BYTES = 256 << 20, 32 << 20


def _judge(data: bytes) -> None:
    name = _NAMES[data[0] % len(_NAMES)] if data else ""
    budget = Budget(read_bytes=_READ_BYTES, inflated_bytes=_INFLATED_BYTES, files=200, seconds=10)
    found = judge(Reader.of_bytes(data[1:], budget=budget), name=name)
    for spotted in found.spotted:
        finding = as_finding(spotted, subject="m")
        assert all(printable(text) == text for text in finding.evidence)
        assert len(finding.evidence) <= LIMITS.evidence_items


if __name__ == "__main__":
    atheris.Setup(sys.argv, _judge)
    atheris.Fuzz()
