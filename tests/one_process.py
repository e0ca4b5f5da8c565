"""A child that a test forked, and whose error takes it out of the test, ends there.

It would run all further tests a second time, with whatever it has lost since (its rights, its files), and say
to pytest how each of them went.
"""

import os
import sys

import pytest

__all__ = ["pytest_runtest_makereport"]

_PID = os.getpid()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[object]) -> None:
    """Whoever waits for it has exit status 70; its error stands in what the test wrote."""
    if os.getpid() != _PID:
        said = call.excinfo.getrepr() if call.excinfo else "it returned"
        sys.stderr.write(f"a child that the test forked left it: {said}\n")
        sys.stderr.flush()
        os._exit(70)
