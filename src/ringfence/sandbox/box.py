"""A box, as its supervisor has it: what it says, what it is given and told, and its end."""

import errno
import json
import os
import select
import signal
import socket
from collections.abc import Iterator

from ringfence.core.actions import CommandRun
from ringfence.core.dataclass import dataclass, replace
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.gate.seals import Seals
from ringfence.sandbox.framing import receive_packet
from ringfence.sandbox.messages import (
    MESSAGE_BYTES,
    BadMessage,
    Listener,
    Message,
    Socket,
    Sockets,
    Terminal,
    read,
)
from ringfence.sandbox.plan import Command, Plan
from ringfence.sandbox.plan_json import command_to_json

__all__ = ["Box", "NotDecided", "Streams"]

_MAX_FDS = 253  # of one packet: the kernel takes no more (SCM_MAX_FD)
_MFD_NOEXEC_SEAL = 8


class NotDecided(RingfenceError):
    """Another command than the receipt's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The command's standard streams. None: the box's own terminal, which one at least then has.

    A terminal of the host is never given: a program could type into it. Nor is a folder: it leads out.
    """

    stdin: int | None
    stdout: int | None
    stderr: int | None
    rows: int = 24
    columns: int = 80


@dataclass(slots=True)
class Box:
    """One box. Close it at the end; a box that is closed is killed.

    `pidfd` is of its first process: it is readable once nothing of the box is left.
    """

    pid: int  # of its first process, as the host numbers it
    pidfd: int
    status: socket.socket  # SOCK_SEQPACKET
    plan: Plan  # that it was made by

    def fileno(self) -> int:
        """Readable when `receive` has something."""
        return self.status.fileno()

    def receive(self) -> Message | None:
        """The next message; None at the end. Waits for it.

        Descriptors that come along are the caller's, to close as well.

        Raises:
            BadMessage: the box said what no box says.
        """
        packet, fds, whole = self._packet()
        if not packet:
            return None
        if not whole:
            for fd in fds:
                os.close(fd)
            raise BadMessage("the box said more than any box says", hint="start it again")
        message = None
        try:
            message = read(packet, tuple(fds))
        finally:
            if not isinstance(message, Terminal | Listener | Sockets | Socket):
                for fd in fds:
                    os.close(fd)
        return message

    def messages(self) -> Iterator[Message]:
        """All that it says, up to its end."""
        while (message := self.receive()) is not None:
            yield message

    def give(self, receipt: Receipt[CommandRun], command: Command, *, seals: Seals) -> None:
        """Gives it what it is to run: once, and before `go`. It may be standing by then, or not yet.

        Raises:
            ReceiptRefused: nobody decided that a command may run.
            NotDecided: this is another one, or it was decided for another box.
        """
        action = seals.redeem(receipt, CommandRun)
        meant = replace(
            action,
            agent=self.plan.agent,
            session=self.plan.session,
            program=command.program,
            arguments=command.arguments[1:],
            folder=self.plan.folder,
        )
        if meant != action:
            raise NotDecided(
                "this is another command than was decided", hint="ask the gate again, then start it"
            )
        # A file, since a packet holds less than the arguments of a command may.
        with open(_memory_file(), "wb") as file:
            file.write(json.dumps(command_to_json(command)).encode())
            file.flush()
            self._tell({"command": True}, file.fileno())

    def go(self) -> None:
        """Lets the command start. Once, after `Ready`."""
        self._tell({"go": True})

    def signal(self, number: int) -> None:
        """Sends a signal to the command's foreground group."""
        self._tell({"signal": number})

    def resume(self) -> None:
        """Lets a stopped command go on."""
        self._tell({"continue": True})

    def ask_socket(self, family: socket.AddressFamily) -> None:
        """Has it hand out a socket of its network: `Socket` is what it then says, in the order of asking."""
        self._tell({"socket": int(family)})

    def kill(self) -> None:
        """Ends it and all its processes at once. No error where nothing is left."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            return

    def close(self) -> None:
        """Kills what is left, waits until it is gone, and gives the descriptors back."""
        self.kill()
        gone = select.poll()
        gone.register(self.pidfd, select.POLLIN)
        gone.poll(LIMITS.start_wait_s * 1000)  # a process that waits for hardware ends when that answers
        os.close(self.pidfd)
        self.status.close()

    def __enter__(self) -> "Box":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _packet(self) -> tuple[bytes, list[int], bool]:
        try:
            return receive_packet(self.status, MESSAGE_BYTES, max_fds=_MAX_FDS)
        except ConnectionResetError:  # it ended before it read all: said once, and ahead of what it had said
            return receive_packet(self.status, MESSAGE_BYTES, max_fds=_MAX_FDS)

    def _tell(self, order: dict[str, object], *fds: int) -> None:
        try:
            socket.send_fds(self.status, [json.dumps(order).encode()], fds, socket.MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError):  # it has ended; `receive` says how
            return


def _memory_file() -> int:
    """A file without a name, which nobody can execute; a machine may allow no other."""
    try:
        return os.memfd_create("command", os.MFD_CLOEXEC | _MFD_NOEXEC_SEAL)
    except OSError as error:  # Linux before 6.3
        if error.errno != errno.EINVAL:
            raise
        return os.memfd_create("command")
