"""The program that a command names, as a shell would find it among what the box has."""

import pytest

from made_hosts import TREE, a_policy, for_claude, made_host, planned
from ringfence.core.errors import ExitCode
from ringfence.sandbox.planning.programs import NotExecutable, NotFound

PATH = {"PATH": "/nowhere:/usr/sbin:bin::/usr/bin:/home/ann/tools"}


def found(name: str, *more: str, **host: object) -> str:
    machine = made_host(*more, **host)  # type: ignore[arg-type]
    return planned(a_policy(), machine, argv=(name, "x"), environment=PATH).command.program


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("make", "/usr/bin/make"),
        ("x", "/usr/sbin/x"),
        ("/bin/make", "/bin/make"),
        ("./run", f"{TREE}/run"),
        ("src/../run", f"{TREE}/run"),
        ("//usr//bin/make", "/usr/bin/make"),
        (f"{TREE}/venv/python", f"{TREE}/venv/python"),
    ],
)
def test_it_is_found_by_the_box_s_path_or_where_its_name_says(name: str, path: str) -> None:
    more, links = (f"{TREE}/run",), {f"{TREE}/venv/python": "/usr/bin/make"}
    assert found(name, *more, links=links) == path


def test_the_name_that_was_typed_stays_the_first_argument() -> None:
    assert planned(a_policy(), argv=("make", "all")).command.arguments == ("make", "all")


def test_the_first_that_can_be_started_is_taken_as_execvp_does() -> None:
    assert found("make", "/usr/sbin/make", not_programs=("/usr/sbin/make",)) == "/usr/bin/make"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (f"{TREE}/src", f"{TREE}/src: it is a folder"),
        ("./run", f"{TREE}/run: it may not be executed"),
        ("tool", "/usr/bin/tool: it may not be executed"),
    ],
)
def test_what_is_no_program_cannot_be_executed(name: str, what: str) -> None:
    with pytest.raises(NotExecutable) as refused:
        found(name, f"{TREE}/run", "/usr/bin/tool", not_programs=(f"{TREE}/run", "/usr/bin/tool"))
    assert (refused.value.what, refused.value.code) == (what, ExitCode.NOT_EXECUTED)


def test_a_program_that_only_the_host_has_is_not_found_and_the_hint_says_how_it_would_be() -> None:
    with pytest.raises(NotFound) as refused:
        found("deploy", "/home/ann/tools/deploy")
    assert (refused.value.what, refused.value.code) == ("deploy: command not found", ExitCode.NOT_FOUND)
    assert refused.value.hint == (
        "it is at /home/ann/tools/deploy, which the box does not have: "
        "add `files: {read: [/home/ann/tools/**]}` to the agent's profile"
    )
    host = made_host("/home/ann/tools/deploy")
    policy = for_claude('{read: ["**", /home/ann/tools/**]}')
    assert (
        planned(policy, host, argv=("deploy",), environment=PATH).command.program == "/home/ann/tools/deploy"
    )


@pytest.mark.parametrize("name", ["nothing", "", "./nothing", "/usr/bin/nothing"])
def test_what_is_nowhere_is_not_found(name: str) -> None:
    with pytest.raises(NotFound) as refused:
        found(name)
    assert refused.value.hint == "see what the box has: ringfence run --explain"


def test_a_name_that_would_move_the_cursor_is_spelled_out() -> None:
    with pytest.raises(NotFound) as refused:
        found("a\x1b[2J\nb")
    assert refused.value.what == r"a\x1b[2J\x0ab: command not found"
