"""What a box would be, as values and as people read it: each part with the policy's line behind it."""

import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator
from schemas import schema_of

from made_hosts import SESSION_FOLDER, TREE, a_policy, made_host, planned
from ringfence.app.documents import document
from ringfence.app.running.explain import (
    EVERY_BOX,
    Explained,
    ExplainedLimit,
    NotGiven,
    Part,
    explained,
)
from ringfence.cli.console import show
from ringfence.cli.tables.explained import explained as table
from ringfence.sandbox.linux.seccomp.calls import CALLS
from ringfence.sandbox.plan import Mount, MountKind, Why
from ringfence.sandbox.planning.wanted import WantedNetwork

AT = datetime(2026, 11, 23, tzinfo=UTC)
POLICY = """
mode: enforce
profiles:
  claude:
    files:
      read: ["**", /data/set/**, /nowhere/x]
      write: ["**"]
      ask: [/data/ours/**]
      deny: [keys/**]
    sandbox: {memory: 4 GB, wall: 8h, debug: true, environment: ["MY_*"]}
"""
GIT = Why(text="git runs hooks outside the box")
PROTECTIONS = (
    Mount(target=f"{TREE}/.git/hooks", source=f"{TREE}/.git/hooks", kind=MountKind.READ, why=GIT),
    Mount(target=f"{TREE}/.git/config", source="/run/x/config", kind=MountKind.LINK_OVER, why=GIT),
    Mount(target="/run/x", source=f"{SESSION_FOLDER}/git/0", kind=MountKind.WRITE, why=GIT),
)


@pytest.fixture
def found() -> Explained:
    policy = a_policy(POLICY)
    host = made_host("/data/set/a", f"{TREE}/keys/k", f"{TREE}/.git/hooks/x", "/home/ann/.cargo/bin/cargo")
    environment = {"PATH": "/usr/bin", "MY_A": "1", "LANG": "C"}
    command = ("make", "--token=abcdefghijk", "all")
    plan = planned(policy, host, argv=command, environment=environment, protections=PROTECTIONS)
    return explained(plan, policy, machine="x86_64", started_at=AT)


def test_every_place_says_what_the_command_may_do_there_and_why(found: Explained) -> None:
    said = {str(each.path): (each.part, each.why, each.at) for each in found.places}
    assert {path: said[path] for path in said if not path.startswith(("/etc", "/lib", "/sbin", "/var"))} == {
        "/bin": (Part.READ, "system", None),
        "/usr": (Part.READ, "system", None),
        "/opt": (Part.READ, "system", None),
        "/sys/devices/system/cpu": (Part.READ, "kernel", None),
        "/proc": (Part.OWN, "kernel", None),
        "/dev": (Part.OWN, "kernel", None),
        "/tmp": (Part.OWN, "own", None),
        "/run": (Part.OWN, "own", None),
        "/run/user/1000": (Part.OWN, "own", None),
        "/run/x": (Part.WRITTEN, GIT.text, None),
        "/home/ann": (Part.WRITTEN, "the session's own home", None),
        "/home/ann/.cargo/bin": (Part.READ, "toolchain", None),
        "/data/set": (Part.READ, "rule agents:7", "p.yaml:7"),
        TREE: (Part.WRITTEN, "working tree", "p.yaml:8"),
        f"{TREE}/.git/config": (Part.PROTECTED, GIT.text, None),
        f"{TREE}/.git/hooks": (Part.PROTECTED, GIT.text, None),
        f"{TREE}/keys": (Part.HIDDEN, "rule agents:10", "p.yaml:10"),
    }


def test_what_is_not_given_is_told_with_its_line(found: Explained) -> None:
    assert found.not_given == (
        NotGiven(path="/nowhere/x", reason="there is no such file", why="rule agents:7", at="p.yaml:7"),
        NotGiven(path="/data/ours/**", reason="an operator is asked", why="rule agents:9", at="p.yaml:9"),
    )


def test_bounds_variables_and_tracing_have_their_lines(found: Explained) -> None:
    assert found.limits[:2] == (
        ExplainedLimit(name="memory", amount=4_000_000_000, why="sandbox.memory", at="p.yaml:11"),
        ExplainedLimit(name="processes", amount=4096, why=EVERY_BOX, at=None),
    )
    assert {each.name: each.at for each in found.environment if each.name in ("MY_A", "LANG", "PATH")} == {
        "MY_A": "p.yaml:11",
        "LANG": None,
        "PATH": None,
    }
    assert (found.debug, found.debug_at) == (True, "p.yaml:11")


def test_all_system_calls_of_the_machine_are_counted(found: Explained) -> None:
    known = sum(call.x86_64 is not None for call in CALLS.values())
    assert sum(each.count for each in found.calls) == known
    traced = {each.fate: each.count for each in found.calls}
    policy = a_policy()
    usual = explained(planned(policy), policy, machine="x86_64", started_at=AT).calls
    assert traced["allowed"] > {each.fate: each.count for each in usual}["allowed"]


def test_a_secret_among_the_arguments_is_cut(found: Explained) -> None:
    assert found.arguments == ("--token=[cut]", "all")


def test_the_document_fits_its_schema(found: Explained) -> None:
    name = "ringfence.run-explain/1"
    Draft202012Validator(schema_of(name, Explained)).validate(json.loads(document(name, found)))


def test_people_read_it_in_eighty_columns(found: Explained, capsys: pytest.CaptureFixture[str]) -> None:
    show(table(found))
    text = capsys.readouterr().out
    assert max(map(len, text.split("\n"))) <= 80
    assert text.split("\n\n")[0] == (
        "/usr/bin/make --token=[cut] all\nas claude; user ann (1000), in /home/ann/work/shop"
    )
    rows = [" ".join(line.split()) for line in text.split("\n")]
    for row in (
        "/data/set p.yaml:7",
        "hidden ~/work/shop/keys p.yaml:10",
        "/nowhere/x there is no such file",
        "memory 4.0 GB p.yaml:11",
        "wall 8 hours p.yaml:11",
        "MY_A p.yaml:11",
        "no bound open files, file size, cpu: the machine's",
        "Nothing was run. No line behind it: what every box has.",
    ):
        assert row in rows


def test_names_that_would_move_the_cursor_are_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    odd = "a\x1b[2Jb\nc"
    policy = a_policy('mode: enforce\nprofiles: {claude: {files: {read: ["**", "/data/*/**"]}}}')
    plan = planned(policy, made_host(f"/data/{odd}/x"))
    show(table(explained(plan, policy, machine="aarch64", started_at=AT)))
    text = capsys.readouterr().out
    assert r"\x1b[2J" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (None, "none; programs in the box reach each other"),
        (
            WantedNetwork(ca_pem="", ports=(22,)),
            "no way out; ringfence answers at every TCP port, or where the kernel cannot, at 22, 53, 80, 443",
        ),
    ],
    ids=["none", "answered"],
)
def test_the_network_is_said_to_have_no_way_out_and_who_answers(
    network: WantedNetwork | None, said: str
) -> None:
    policy = a_policy(POLICY)
    found = explained(planned(policy, network=network), policy, machine="x86_64", started_at=AT)
    assert found.network == said
