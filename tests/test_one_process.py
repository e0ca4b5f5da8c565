"""A child that a test forked never becomes a second pytest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_TEST = """
import os

def test_forks():
    child = os.fork()
    if child == 0:
        LEAVES
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 70

def test_next():
    os.write(LOG, b"once ")
"""


@pytest.mark.parametrize("leaves", ["raise ValueError('of the child')", "return", "raise SystemExit(0)"])
def test_a_child_that_leaves_its_test_ends_there(tmp_path: Path, leaves: str) -> None:
    log = tmp_path / "log"
    written = f"os.open({str(log)!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)"
    test = tmp_path / "test_it.py"
    test.write_text(_TEST.replace("LEAVES", leaves).replace("LOG", written))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "one_process", test],
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, log.read_text()) == (0, "once "), done.stdout
