"""A program that lies in memory only: it is in no place that anybody looks at, and held as any other is."""

import os
import subprocess
from pathlib import Path

import pytest

import boxes
from leaving_out import PYTHON, python

_RUN = """
import sys
def run(program, *arguments):
    fd = os.memfd_create("nothing")
    with open(program, "rb") as file:
        os.write(fd, file.read())
    if os.fork() == 0:
        argv = [a.encode() for a in arguments]
        pointers = (ctypes.c_char_p * (len(argv) + 1))(*argv, None)
        nothing = (ctypes.c_char_p * 1)(None)
        number = 322 if os.uname().machine == "x86_64" else 281
        call(number, fd, ctypes.c_char_p(b""), pointers, nothing, 0x1000)
        os._exit(99)
    return os.waitstatus_to_exitcode(os.wait()[1])
"""


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_a_program_in_memory_has_all_layers(user: str) -> None:
    script = "print(run('/usr/bin/grep', 'grep', '-E', 'Cap(Eff|Bnd)|NoNew|Seccomp:', '/proc/self/status'))"
    result = boxes.run(python(_RUN + script), user=user)
    assert result.stdout.decode().split() == [
        *("CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"),
        "0",
    ]


def test_a_program_in_memory_reads_nothing_of_the_host_and_outside_it_would(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("token")
    for folder in (secret, *secret.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            os.chmod(folder, 0o755)
    script = _RUN + f"print(run('/usr/bin/cat', 'cat', {str(secret)!r}))"
    result = boxes.run(python(script), user="ordinary")
    assert (result.stdout, b"No such file" in result.stderr) == (b"1\n", True)
    outside = subprocess.run([PYTHON, *python(script)[1:]], capture_output=True, check=True)
    assert outside.stdout == b"token0\n"
