"""Fuzzes the examination of files: the first byte chooses the suffix, the rest is the file."""

import sys

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.artifacts.examine import KNOWN_SUFFIXES, examine
    from ringfence.artifacts.problems import as_finding
    from ringfence.artifacts.reader import Reader
    from ringfence.core.limits import LIMITS
    from ringfence.core.text import printable

_SUFFIXES = ("", ".jpg", *sorted(KNOWN_SUFFIXES))


def _examine(data: bytes) -> None:
    suffix = _SUFFIXES[(data[0] + 2) % len(_SUFFIXES)] if data else ""
    file = data[1:]
    read = 0

    def read_at(size_bytes: int, offset: int) -> bytes:
        nonlocal read
        part = file[offset : offset + size_bytes]
        read += len(part)
        return part

    found = examine(Reader(read_at, len(file)), suffix=suffix)
    assert read <= LIMITS.read_bytes + LIMITS.sniff_bytes
    assert len(found.problems) <= LIMITS.evidence_items
    for problem in found.problems:
        assert all(printable(text) == text for text in as_finding(problem, subject="m").evidence)
    for value in found.facts.values():
        assert isinstance(value, int) or "".join(value).encode() is not None


if __name__ == "__main__":
    atheris.Setup(sys.argv, _examine)
    atheris.Fuzz()
