"""What tests fork says and does what the program does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import forked


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (("--version",), ""),
        (("scna",), ""),
        (("ledger", "show"), ""),
        (("inspect", "missing"), ""),
        (("policy", "check", "-"), "version: 1\nmodels: {mode: nothing}\n"),
    ],
)
def test_it_says_what_is_said_by_the_program_and_ends_as_it_does(
    tmp_path: Path, arguments: tuple[str, ...], given: str
) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    executed = subprocess.run(
        [sys.executable, "-m", "ringfence.cli.main", *arguments],
        env=environment,
        cwd=tmp_path,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    done = forked.ringfence(*arguments, env=environment, cwd=tmp_path, given=given)
    assert (done.returncode, done.stdout, done.stderr) == (
        executed.returncode,
        executed.stdout,
        executed.stderr,
    )


def test_what_one_leaves_in_its_process_no_other_finds(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    homes = [tmp_path / name for name in ("one", "two")]
    for each in homes:
        each.mkdir()
    policy = homes[0] / ".config/ringfence/ringfence.yaml"
    policy.parent.mkdir(parents=True)
    policy.write_text("version: 1\nmodels: {mode: enforce}\n")
    said = [
        forked.ringfence("policy", "show", env={**environment, "HOME": str(each)}, cwd=each).stdout
        for each in homes
    ]
    assert ["enforce" in each for each in said] == [True, False]
