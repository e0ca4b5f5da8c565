"""What a test does without the real thing it needs: in CI it fails, elsewhere it says why it is skipped."""

import os
from typing import NoReturn

import pytest

__all__ = ["missing"]


def missing(what: str, how: str) -> NoReturn:
    """Ends the test because `what` is not there; `how` is the command that would bring it."""
    reason = f"{what} is missing ({how})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
