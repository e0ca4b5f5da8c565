"""What programs say they are when they start, in real boxes."""

import os
import sys

import pytest

from boxes import ORDINARY, Result, as_user, run
from needs import system_python
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux.seccomp.calls import CALLS
from ringfence.sandbox.linux.starting import Asked, Start, StartReader

_USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
_SH = "/bin/sh"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="boxes are Linux's")


def started(script: str, *, user: str = "ordinary") -> list[tuple[str, str, tuple[str, ...] | None]]:
    """Program, arguments and who started it, of all that a shell in a box starts."""
    return _told(run([_SH, "-c", script], user=user, tells_starts=True))


def _told(result: Result) -> list[tuple[str, str, tuple[str, ...] | None]]:
    first, *rest = result.started
    assert (first.program, first.by) == (_SH, "")
    return [(each.program, each.by, each.arguments) for each in rest]


_DASH = os.path.realpath(_SH)


@pytest.mark.parametrize("user", _USERS)
def test_each_program_is_told_with_its_arguments_and_who_started_it(user: str) -> None:
    assert started("/bin/echo one 'two three'; env -i /bin/true x", user=user) == [
        ("/bin/echo", _DASH, ("one", "two three")),
        ("/usr/bin/env", _DASH, ("-i", "/bin/true", "x")),
        ("/bin/true", "/usr/bin/env", ("x",)),
    ]


def test_what_is_told_has_its_number_within_the_box() -> None:
    result = run([_SH, "-c", "/bin/sh -c 'echo $$'; true"], user="ordinary", tells_starts=True)
    assert [each.pid for each in result.started] == [2, int(result.stdout)]


def test_a_search_through_path_is_told_once_where_the_program_is() -> None:
    script = (
        "mkdir /tmp/a /tmp/a/true; touch /tmp/ls; PATH=/nowhere:/tmp/a:/tmp:/usr/bin; env true; env ls / >&2"
    )
    assert [
        program for program, *_ in started(script) if "mkdir" not in program and "touch" not in program
    ] == [
        "/usr/bin/env",
        "/usr/bin/true",
        "/usr/bin/env",
        "/usr/bin/ls",
    ]


def test_a_program_that_is_not_there_or_is_none_is_not_told() -> None:
    assert started("/nowhere; /etc/passwd; /etc; ./nothing; exit 0") == []


def test_relative_paths_are_told_from_where_they_count() -> None:
    script = "cd /usr/bin && ./true; cd / && usr/bin/true"
    assert [program for program, *_ in started(script)] == ["/usr/bin/true", "/usr/bin/true"]


def test_links_are_followed_as_the_box_follows_them() -> None:
    script = "ln -s /usr/bin/true /tmp/t; /tmp/t; ln -s /tmp/none /tmp/d; /tmp/d"
    assert [program for program, *_ in started(script) if not program.endswith("ln")] == ["/tmp/t"]


def test_a_script_is_told_as_itself() -> None:
    script = "printf '#!/bin/sh\\nexit 0\\n' > /tmp/s; chmod +x /tmp/s; /tmp/s a"
    assert started(script)[-1] == ("/tmp/s", _DASH, ("a",))


def test_a_program_that_is_given_as_a_descriptor_is_told_as_what_that_is() -> None:
    script = (
        "import os\n"
        "f = os.memfd_create('x', 0)\n"
        "os.write(f, open('/bin/true', 'rb').read())\n"
        "def go(p):\n"
        "    if os.fork() == 0: os.execve(p, ['a', 'b'], {})\n"
        "    os.wait()\n"
        "go(f); go(f'/proc/self/fd/{f}'); go(f'/dev/fd/{f}'); go(os.open('/usr/bin/true', os.O_RDONLY))"
    )
    result = run([system_python(), "-c", script], user="ordinary", tells_starts=True)
    python = os.path.realpath(system_python())
    assert result.exit == 0
    assert [(each.program, each.by, each.arguments) for each in result.started[1:]] == [
        *[("/memfd:x (deleted)", python, ("b",))] * 3,
        ("/usr/bin/true", python, ("b",)),
    ]


def test_a_program_below_a_folder_s_descriptor_is_told_from_there() -> None:
    number = CALLS["execveat"].number(os.uname().machine)
    script = (
        "import ctypes, os\n"
        "at = os.open('/usr/bin', os.O_PATH)\n"
        "words = (ctypes.c_char_p * 2)(b'true', None)\n"
        f"ctypes.CDLL(None).syscall({number}, at, b'true', words, None, 0)"
    )
    result = run([system_python(), "-c", script], user="ordinary", tells_starts=True)
    assert (result.exit, result.started[-1].program) == (0, "/usr/bin/true")


def test_arguments_are_told_as_far_as_the_limits_go() -> None:
    long, many = "x" * (LIMITS.start_argument_bytes + 1), LIMITS.start_arguments + 1
    ends, whole, most = "x" * LIMITS.start_argument_bytes, "y ", "z " * LIMITS.start_arguments
    result = run(
        [_SH, "-c", f"/bin/true {long}; /bin/true {ends}; /bin/true {'y ' * many}; /bin/true {most}"],
        user="ordinary",
        tells_starts=True,
    )
    assert [(each.arguments, each.has_more) for each in result.started[1:]] == [
        ((ends,), True),
        ((ends,), False),
        (tuple((whole * (many - 1)).split()), True),
        (tuple(most.split()), False),
    ]


def test_bytes_that_are_no_utf_8_are_kept() -> None:
    script = "cp /bin/true \"$(printf '/tmp/\\377')\"; \"$(printf '/tmp/\\377')\" \"$(printf '\\376')\""
    assert started(script)[-1] == ("/tmp/\udcff", _DASH, ("\udcfe",))


def test_where_nothing_is_to_be_told_nothing_is() -> None:
    assert run([_SH, "-c", "/bin/true; true"], user="ordinary").started == []


def test_what_nobody_may_read_is_told_as_unknown() -> None:
    if os.geteuid() != 0:
        pytest.skip("every process of this user can be read")
    at = Asked(pid=os.getpid(), call="execve", arguments=(0,) * 6)

    def look() -> Start | None:
        return StartReader(lambda _program, _by: True).read(at)

    assert as_user(ORDINARY, look) == Start(program="", by="", pid=0, arguments=None, has_more=False)


def test_a_process_that_is_gone_meanwhile_counts_for_nothing() -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    start = StartReader(lambda _program, _by: True).read(Asked(pid=gone, call="execve", arguments=(0,) * 6))
    assert start == Start(program="", by="", pid=0, arguments=None, has_more=False)


def test_pointers_that_lead_nowhere_are_no_program() -> None:
    for address in (0, 1, 2**47, 2**63, 2**64 - 1):
        asked = Asked(pid=os.getpid(), call="execve", arguments=(address, address, 0, 0, 0, 0))
        assert StartReader(lambda _program, _by: True).read(asked) is None
