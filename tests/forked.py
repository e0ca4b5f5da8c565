"""`ringfence` as a process of its own, forked from one that has imported it and does nothing else.

    done = ringfence("scan", folder, env={"HOME": …}, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "…", "")

It has the arguments, environment, folder and input that it is given, and no terminal; what it would import is
there already. Tests of how it starts, of its streams and of other locales execute it instead.

`started` is a process for a part of a test: a fork of the test, with nothing that the test has open.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["ringfence", "started"]

_ROOMS = ("app", "artifacts", "cli", "core", "endpoint", "gate", "ledger", "policy", "vault", "wiring")
_LIBRARIES = ("license_expression", "rfc8785", "rich.console", "rich.table", "yaml")


def ringfence(
    *arguments: str | Path, env: Mapping[str, str], cwd: str | Path | None = None, given: str = ""
) -> "subprocess.CompletedProcess[str]":
    """What became of it."""
    asked = {"arguments": [*map(str, arguments)], "env": dict(env), "cwd": str(cwd or Path.cwd())}
    with (
        tempfile.TemporaryFile() as how,
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        how.write(json.dumps(asked).encode())
        stdin.write(given.encode())
        files = (how, stdin, stdout, stderr)
        for each in files:
            each.seek(0)
        server = _server()
        socket.send_fds(server, [b"run"], [each.fileno() for each in files])
        status = int(server.recv(16))
        said = [os.pread(each.fileno(), os.fstat(each.fileno()).st_size, 0).decode() for each in files[2:]]
    return subprocess.CompletedProcess(asked["arguments"], status, *said)


def started(main: Callable[..., None], *arguments: str, **how: Any) -> "subprocess.Popen[Any]":
    """A process that does what `main` does, with pipes for input and output; 70 is for what it raises."""

    def instead() -> None:
        code = 70
        try:
            gc.freeze()  # what the test left to be collected would close what is opened here
            os.closerange(3, 2**31 - 1)  # and so the test sees that nothing is executed
            _streams()
            main(*arguments)
            sys.stdout.flush()
            code = 0
        except BaseException:  # noqa: BLE001 - whatever it is, the test is to show it
            traceback.print_exc()
        finally:
            os._exit(code)

    return subprocess.Popen(
        [main.__module__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        restore_signals=False,  # Python has SIGPIPE ignored
        preexec_fn=instead,  # noqa: PLW1509 - no other thread holds a lock
        **how,
    )


def _streams() -> None:
    """As the interpreter opens them."""
    sys.stdin = open(0, errors="surrogateescape")  # noqa: SIM115
    sys.stdout = open(1, "w", errors="surrogateescape")  # noqa: SIM115
    sys.stderr = open(2, "w", errors="backslashreplace", buffering=1)  # noqa: SIM115


@cache
def _server() -> socket.socket:
    """It ends with this process, as the socket then does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, __file__],
            stdin=theirs,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    return ours


def _serve(channel: socket.socket) -> None:
    from ringfence.cli.main import main

    for room in _ROOMS:
        found = importlib.import_module(f"ringfence.{room}")
        for each in pkgutil.walk_packages(found.__path__, f"ringfence.{room}."):
            importlib.import_module(each.name)
    for name in _LIBRARIES:
        importlib.import_module(name)
    while True:
        said, fds, *_ = socket.recv_fds(channel, 16, 4)
        if not said:
            return
        child = os.fork()
        if child == 0:
            _be(main, *fds)
        for each in fds:
            os.close(each)
        channel.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _be(main, how: int, *streams: int) -> None:
    """As the interpreter runs a program, from its streams to its end."""
    code = 1
    try:
        with open(how, closefd=False) as file:
            asked = json.load(file)
        for number, each in enumerate(streams):
            os.dup2(each, number)
        os.closerange(3, 2**31 - 1)
        _streams()
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        try:
            code = main(asked["arguments"])
        except SystemExit as ended:
            code = ended.code
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - whatever it is, the test is to show it
        traceback.print_exc()
    finally:
        os._exit(code or 0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=os.dup(0)))
