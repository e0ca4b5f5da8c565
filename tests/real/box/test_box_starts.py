"""Programs that start in boxes, as the real `ringfence run` reports them."""

import os

import pytest

from needs import system_python
from real.running import USERS, place

_POLICY = "version: 1\nagents: {profiles: {sh: {sandbox: {starts: STARTS}}}}\n"


@pytest.mark.parametrize("user", USERS)
def test_a_report_says_which_programs_started_most_often(user: str) -> None:
    script = "for i in 1 2 3; do /bin/true; done; env ls / > /dev/null; nothing-here 2> /dev/null; true"
    with place(user) as here:
        assert here.sh(script).exit == 0
        report = here.report()
        assert (report["starts_of_programs"], report["untold"]) == (6, None)
        assert report["programs"] == [
            {"program": "/bin/true", "times": 3},
            {"program": "/usr/bin/env", "times": 1},
            {"program": "/usr/bin/ls", "times": 1},
            {"program": report["programs"][-1]["program"], "times": 1},
        ]
        assert os.path.basename(report["programs"][-1]["program"]) == "sh"
        shown = here.ringfence("run", "--report", here.session()).out
        assert "programs started, 6 times in all; most often:" in shown
        assert "/bin/true, 3 times" in shown


@pytest.mark.parametrize("user", USERS)
def test_a_profile_leaves_them_out_and_the_report_says_so(user: str) -> None:
    with place(user) as here:
        here.policy(_POLICY.replace("STARTS", "unrecorded"))
        assert here.sh("/bin/true; true").exit == 0
        report = here.report()
        assert (report["starts_of_programs"], report["programs"]) == (0, [])
        assert report["untold"] == "a profile says that they are not recorded"
        shown = " ".join(here.ringfence("run", "--report", here.session()).out.split())
        assert f"programs that started in it were not told: {report['untold']}" in shown
        here.policy(_POLICY.replace("STARTS", "recorded"))
        assert here.sh("/bin/true; true").exit == 0
        assert here.report()["starts_of_programs"] == 2


def test_a_program_that_cannot_be_executed_is_the_command_s_own_failure_as_before() -> None:
    with place() as here:
        here.write("none", "no program\n", mode=0o644)
        assert here.run("./none").exit == 126
        here.write("gone", "#!/no/such/interpreter\n", mode=0o755)
        assert here.run("./gone").exit == 127


def test_programs_that_trace_their_children_start_them_as_before() -> None:
    python = system_python()
    script = (
        "import ctypes, os, signal\n"
        "libc = ctypes.CDLL(None)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    assert libc.ptrace(0, 0, 0, 0) == 0\n"
        "    os.execv('/bin/true', ['true'])\n"
        "_, status = os.waitpid(pid, 0)\n"
        "assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP, status\n"
        "assert libc.ptrace(7, pid, 0, 0) == 0\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
    )
    with place() as here:
        here.policy("version: 1\nagents: {profiles: {python3: {sandbox: {debug: true}}}}\n")
        done = here.run(python, "-c", script)
        assert done.exit == 0, done
        assert [each["program"] for each in here.report()["programs"]] == ["/bin/true", python]
