#!/usr/bin/env python3
"""Writes tests/golden/*/expected.json anew: format, verdict and checks of every file beside it."""

import json
import sys
from pathlib import Path
from typing import Any

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader

__all__ = ["FOLDER", "said"]

FOLDER = Path(__file__).parent.parent / "tests" / "golden"


def said(path: Path) -> dict[str, Any]:
    """What is said of the file, without what wording may change."""
    with path.open("rb") as file:
        found = judge(Reader.of_fd(file.fileno(), budget=judging_budget()), name=path.name)
    checks = sorted({f"{each.severity} {each.check}" for each in found.spotted})
    return {"format": found.format, "verdict": found.judgement.verdict, "checks": checks}


def main() -> int:
    """Goes through all folders, or those whose names are given."""
    for folder in sorted(FOLDER.iterdir()):
        if not sys.argv[1:] or folder.name in sys.argv[1:]:
            files = sorted(path for path in folder.iterdir() if path.name != "expected.json")
            text = json.dumps({path.name: said(path) for path in files}, indent=1)
            (folder / "expected.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
