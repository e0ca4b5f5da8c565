"""Signals to processes outside that belong to the same user."""

import errno
import os
import signal

import boxes
from filtering import try_call
from leaving_out import python


def _as_ordinary() -> int:
    """A process of the user that a box is of on the host; it waits."""
    pid = os.fork()
    if pid == 0:
        if os.geteuid() == 0:
            os.setresgid(*[boxes.ORDINARY] * 3)
            os.setresuid(*[boxes.ORDINARY] * 3)
        signal.alarm(60)
        while True:
            signal.pause()
    return pid


_STRIKE = """
import signal
child = os.fork()
if child == 0:
    signal.pause()
kill, tgkill, queue = (62, 234, 129) if os.uname().machine == "x86_64" else (129, 131, 138)
for number in ({target}, -{target}):
    print(call(kill, number, 9))
print(call(tgkill, {target}, {target}, 9), call(434, {target}, 0))
print(call(kill, -1, 9), os.WTERMSIG(os.waitpid(child, 0)[1]))
"""


def test_nobody_outside_is_signalled_and_all_within_are() -> None:
    target = _as_ordinary()
    try:
        result = boxes.run(python(_STRIKE.format(target=target)), user="ordinary")
        esrch = b"-%d" % errno.ESRCH
        assert result.stdout.split() == [esrch, esrch, esrch, esrch, b"0", b"9"]
        assert os.waitpid(target, os.WNOHANG) == (0, 0)
    finally:
        os.kill(target, signal.SIGKILL)
        os.waitpid(target, 0)


def test_outside_of_a_box_the_same_user_s_signal_arrives() -> None:
    target = _as_ordinary()

    def strike() -> int:
        return try_call("kill", target, signal.SIGKILL)

    sent = boxes.as_user(boxes.ORDINARY, strike) if os.geteuid() == 0 else strike()
    assert (sent, os.waitpid(target, 0)[1]) == (0, signal.SIGKILL)


def test_init_and_with_it_the_box_is_not_ended_from_within() -> None:
    strike = "print(*[call(62 if os.uname().machine == 'x86_64' else 129, 1, n) for n in (9, 15, 19)])"
    result = boxes.run(python(strike + "\nprint('here')"), user="ordinary")
    assert (result.stdout.split()[-1], result.exit) == (b"here", 0)
