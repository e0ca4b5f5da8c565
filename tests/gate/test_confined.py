"""Who is in a sandbox, tried with real ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.gate.confined import Confined, refuse_confined, why_confined

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

_FREE = why_confined() is None
_ASK = "from ringfence.gate.confined import why_confined; print(why_confined())"
_FILTER = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
allow = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)  # BPF_RET: everything is allowed, and the filter is there
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]
assert not PRIVILEGES or libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(1, allow))) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def _said(*before: str) -> str:
    done = subprocess.run(
        [*before, sys.executable, "-c", _ASK], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        pytest.skip(f"no such sandbox can be made here: {done.stderr.strip()[:200]}")
    return done.stdout.strip()


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


@pytest.mark.skipif(not _FREE, reason="the tests themselves run in a container")
def test_a_process_of_the_machine_itself_is_free() -> None:
    refuse_confined()
    assert _said() == "None"


@pytest.mark.parametrize("options", ["-U", "-Ur", "-Urm", "-Urpf --mount-proc"])
def test_a_process_in_a_user_namespace_of_its_own_is_confined(options: str) -> None:
    _needs("unshare")
    assert _said("unshare", *options.split()) == "it is in a user namespace of its own"


@pytest.mark.skipif(not _FREE or os.geteuid() != 0, reason="only root makes these without a user namespace")
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("-m", "it sees other mounts than what started it"),
        ("-pf --mount-proc", "it is in a pid namespace of its own"),
        ("-pf", "whether it is in a sandbox cannot be told: /proc is missing or hidden"),
    ],
)
def test_a_process_in_other_namespaces_of_its_own_is_confined(options: str, why: str) -> None:
    _needs("unshare")
    assert _said("unshare", *options.split()) == why


@pytest.mark.skipif(not _FREE, reason="the tests themselves run in a container")
def test_no_new_privileges_are_inherited_by_all_that_is_started() -> None:
    _needs("setpriv")
    why = "it, or what started it, has given up new privileges (no_new_privs)"
    assert _said("setpriv", "--no-new-privs") == why
    assert _said("setpriv", "--no-new-privs", "env", "HOME=/", "setsid", "-w") == why


@pytest.mark.skipif(not _FREE, reason="the tests themselves run in a container")
def test_a_filter_on_system_calls_is_seen() -> None:
    why = "it, or what started it, has given up new privileges (no_new_privs)"
    assert _said(sys.executable, "-c", _FILTER.replace("PRIVILEGES", "1")) == why
    if os.geteuid() == 0:  # who may have new privileges all the same
        why = "its system calls, or those of what started it, are filtered (seccomp)"
        assert _said(sys.executable, "-c", _FILTER.replace("PRIVILEGES", "0")) == why


def test_a_proc_that_was_mounted_by_somebody_else_is_not_believed(tmp_path: Path) -> None:
    own = tmp_path / str(os.getpid())
    (own / "ns").mkdir(parents=True)
    (own / "status").write_text("PPid:\t1\nNoNewPrivs:\t0\nSeccomp:\t0\n")
    for name in ("user", "pid", "mnt"):
        (own / "ns" / name).write_text("")
    assert why_confined(proc=tmp_path) == (
        "whether it is in a sandbox cannot be told: /proc is missing or hidden"
    )
    with pytest.raises(Confined, match="this process cannot approve"):
        refuse_confined(proc=tmp_path)


def test_a_process_that_is_gone_is_not_free() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert why_confined(child.pid) is not None


@pytest.mark.skipif(not _FREE, reason="the tests themselves run in a container")
def test_another_process_can_be_asked_about() -> None:
    _needs("setpriv")
    with subprocess.Popen(["setpriv", "--no-new-privs", "sleep", "60"], stdin=subprocess.DEVNULL) as child:
        try:
            while b"sleep" not in Path(f"/proc/{child.pid}/cmdline").read_bytes().split(b"\0")[0]:
                os.sched_yield()
            assert why_confined(child.pid) == (
                "it, or what started it, has given up new privileges (no_new_privs)"
            )
        finally:
            child.kill()
