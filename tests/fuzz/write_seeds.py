"""Writes what fuzzing starts from: every real sample behind each suffix it may have, and small documents.

write_seeds.py FOLDER
"""

import sys
from pathlib import Path, PurePath

import pytest

from real.model_files import SAMPLES, sample
from ringfence.artifacts.examine import KNOWN_SUFFIXES

_LARGEST_BYTES = 60_000
_DOCUMENTS = (
    b'{"a": [1, 2.5e3, null, true, "\\u00e9"]}',
    b"[[[]]]",
    b"\xef\xbb\xbf{}",
    "\u202eå\x1b[2J\udcff".encode("utf-8", "surrogatepass"),
)


def main(folder: Path) -> None:
    """Fills `folder`/examine and `folder`/text."""
    suffixes = sorted(KNOWN_SUFFIXES)
    for target in ("examine", "text"):
        (folder / target).mkdir(parents=True, exist_ok=True)
    for each in SAMPLES:
        try:
            data = sample(each.name)
        except pytest.skip.Exception as missing:
            print(f"no {each.name}: {missing}", file=sys.stderr)
            continue
        choice = suffixes.index(PurePath(each.name).suffix)
        if len(data) <= _LARGEST_BYTES:
            (folder / "examine" / each.name).write_bytes(bytes([choice]) + data)
    for i, document in enumerate(_DOCUMENTS):
        (folder / "text" / f"document-{i}").write_bytes(document)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
