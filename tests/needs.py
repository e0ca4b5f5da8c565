"""What a test does without the real thing it needs: in CI it fails, elsewhere it says why it is skipped."""

import os
from typing import NoReturn

import pytest

__all__ = ["missing", "system_python"]

_SYSTEM_PYTHON = "/usr/bin/python3"


def missing(what: str, how: str) -> NoReturn:
    """Ends the test because `what` is not there; `how` is the command that would bring it."""
    reason = f"{what} is missing ({how})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def system_python() -> str:
    """Where the system's own Python is, which a box has too; without one the test ends."""
    if not os.path.exists(_SYSTEM_PYTHON):
        missing("the system's Python", "scripts/install-test-needs")
    return _SYSTEM_PYTHON
