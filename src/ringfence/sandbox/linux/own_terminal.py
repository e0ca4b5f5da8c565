"""A terminal of the box's own, made in its own devpts: no terminal of the host is ever within reach.

Source: pty(7), ioctl_tty(2).
"""

import fcntl
import os
import struct
import termios

__all__ = ["open_terminal"]

_TIOCSPTLCK, _TIOCGPTPEER = 0x40045431, 0x5441  # which Python does not name everywhere


def open_terminal(rows: int, columns: int) -> tuple[int, int]:
    """The supervisor's end and the command's, both close-on-exec.

    The calling process, which becomes the leader of a session of its own, has the terminal from then on.
    """
    master = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    slave = fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    return master, slave
