"""Starts boxes: asks a small process of one thread, forked early and kept warm, which clones each box.

The launcher ends when its socket closes, and every box ends with it; `ringfence run` has one of its own.
Whatever else is to isolate a box has the same two sides: a plan goes in, messages come out.
"""

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.sandbox.box import Box, Streams
from ringfence.sandbox.failures import BoxRefused, refusal
from ringfence.sandbox.forking import fork_server
from ringfence.sandbox.framing import receive, send
from ringfence.sandbox.messages import Failed, read
from ringfence.sandbox.plan import Mount, Plan
from ringfence.sandbox.plan_json import mount_to_json, to_json

__all__ = ["Begun", "Launcher", "LauncherGone", "fork_launcher"]


class LauncherGone(RingfenceError):
    """The launcher was killed; its boxes are gone too."""


@dataclass(slots=True)
class Launcher:
    """A launcher at the other end of a socket. Not for several threads."""

    pid: int | None  # where it is this process's own child
    channel: socket.socket

    def begin(self, plan: Plan, streams: Streams) -> "Begun":
        """Has the box of `plan` made. Nothing runs in it before `Box.give` and `Box.go`.

        `streams` are given to its command alone; they stay the caller's here. Until `Begun.box` or its end,
        this launcher is asked for nothing else.

        Raises:
            LauncherGone
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._ask(plan, streams, theirs)
        except BaseException:
            ours.close()
            raise
        return Begun(self, plan, ours)

    def cover(self, box: Box, covers: Sequence[Mount]) -> dict[str, int]:
        """Puts each cover over what stands at its target by now; those that stay bare, with error numbers.

        Raises:
            LauncherGone
        """
        self._send({"pid": box.pid, "cover": [mount_to_json(each) for each in covers]}, [])
        answer, _ = self.answer()
        said = json.loads(answer)["covered"]
        return {each.target: int(number) for each, number in zip(covers, said, strict=True) if number}

    def dismiss(self) -> None:
        """Has the launcher end and with it every box that it started; `close` waits for that."""
        with suppress(OSError):  # it has ended by itself
            self.channel.shutdown(socket.SHUT_RDWR)  # also where a child of ours has it open

    def close(self) -> None:
        """Ends the launcher and with it every box that it started."""
        self.dismiss()
        self.channel.close()
        if self.pid is not None:
            os.waitpid(self.pid, 0)
            self.pid = None

    def __enter__(self) -> "Launcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self) -> tuple[bytes, list[int]]:
        """What it says to the request before.

        Raises:
            LauncherGone
        """
        try:
            answer, fds = receive(self.channel, max_fds=1)
        except OSError as error:
            raise _gone() from error
        if answer is None:
            raise _gone()
        return answer, fds

    def _ask(self, plan: Plan, streams: Streams, status: socket.socket) -> None:
        three = (streams.stdin, streams.stdout, streams.stderr)
        request = {
            "plan": to_json(plan),
            "terminal": [fd is None for fd in three],
            "rows": streams.rows,
            "columns": streams.columns,
            "umask": _umask(),
        }
        self._send(request, [status.fileno(), *(fd for fd in three if fd is not None)])

    def _send(self, request: dict[str, object], fds: list[int]) -> None:
        try:
            send(self.channel, json.dumps(request).encode(), fds)
        except OSError as error:
            raise _gone() from error


@dataclass(slots=True)
class Begun:
    """A box that is being made, which ends with this unless it was taken."""

    _launcher: Launcher
    _plan: Plan
    _status: socket.socket
    _is_taken: bool = False

    def box(self) -> Box:
        """The box, which waits for `give` and `go` once it says `Ready`. Once; it is the caller's then.

        Raises:
            BoxRefused: it could not even be begun, and why.
            LauncherGone
        """
        self._is_taken = True
        try:
            return self._box(*self._launcher.answer())
        except BaseException:
            self._status.close()
            raise

    def __enter__(self) -> "Begun":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_taken:
            with suppress(BoxRefused, LauncherGone):
                self.box().close()

    def _box(self, answer: bytes, fds: list[int]) -> Box:
        """What the launcher answers: {"pid": 1234} with a pidfd, or why there is no box."""
        value = json.loads(answer)
        if "pid" in value and fds:
            return Box(pid=int(value["pid"]), pidfd=fds[0], status=self._status, plan=self._plan)
        failed = read(answer, ())
        if isinstance(failed, Failed):
            raise refusal(failed)
        raise _gone()


def fork_launcher() -> Launcher:
    """A launcher of this process's own, forked from it as it is: call it early, with one thread.

    Raises:
        OSError: no process can be had.
    """
    return Launcher(*fork_server())


def _gone() -> LauncherGone:
    return LauncherGone("what starts boxes is gone, and every box with it", hint="run the command again")


def _umask() -> int:
    """This process's, which can otherwise only be read by changing it."""
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("Umask:")).split()[1], 8)
