"""Several processes that wait, and several operators who answer, all at once."""

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import asking_door
from crashing_door import POLICY
from doors import door_in
from forked import started
from needs import missing
from postgresql_server import binaries, running_server
from ringfence.app.approving import asks, grants
from ringfence.core.actions import ModelSign
from ringfence.gate.approvals import STREAM
from ringfence.gate.refused import Refused
from ringfence.ledger.events.grant_used import GrantUsed


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    programs = binaries()
    if programs is None:
        missing("a PostgreSQL server", "apt-get install postgresql")
    with running_server(programs) as dsn:
        yield dsn


@pytest.fixture(params=["sqlite", "postgresql"], autouse=True)
def recorded_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes' ledger: a file of theirs, or a schema of its own on a real server."""
    if request.param == "postgresql":
        server, schema = request.getfixturevalue("server"), f"t{secrets.token_hex(8)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        monkeypatch.setenv("RINGFENCE_LEDGER", f"{server}&options=-csearch_path%3D{schema}")


def _started(folder: Path, *what: str) -> "subprocess.Popen[str]":
    child = started(asking_door.main, str(folder), *what, text=True)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child


def _ended(*children: "subprocess.Popen[str]") -> list[list[str]]:
    """What each has said, once all were told to begin."""
    for child in children:
        assert child.stdin is not None
        child.stdin.write("on\n")
        child.stdin.flush()
    said = [child.communicate(timeout=120)[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0] * len(children)
    return said


def _asked(folder: Path) -> str:
    door = door_in(folder, POLICY)
    refused = door.pass_(ModelSign(name="llama", path="/models/llama", signer="key:00"))
    assert isinstance(refused, Refused) and refused.ask is not None
    door.ledger.close()
    return refused.ask


def test_of_operators_who_answer_at_once_one_does(tmp_path: Path) -> None:
    ask = _asked(tmp_path)
    names = ("olga", "pete", "quinn", "rosa")
    said = [lines[0] for lines in _ended(*(_started(tmp_path, "approve", n, ask, "1") for n in names))]
    (first,) = [name for name, words in zip(names, said, strict=True) if words == "granted"]
    assert sorted(said) == sorted(["granted", *[f"question {ask} is granted by {first} already"] * 3])
    door = door_in(tmp_path)
    assert len(grants(door.approvals, now=door.now(), all_=True).grants) == 1


def test_of_processes_that_want_one_grant_as_many_get_it_as_it_has_uses(tmp_path: Path) -> None:
    ask = _asked(tmp_path)
    assert _ended(_started(tmp_path, "approve", "olga", ask, "5")) == [["granted"]]
    said = _ended(*(_started(tmp_path, "pass", "0", "4") for _ in range(4)))
    assert sum(words.count("passed") for words in said) == 5
    door = door_in(tmp_path)
    uses = [e.event.use for e in door.ledger.read(stream=STREAM) if isinstance(e.event, GrantUsed)]
    assert uses == [1, 2, 3, 4, 5]
    assert len(asks(door.approvals, now=door.now(), settled=False).asks) == 1


def test_processes_that_wait_go_on_when_an_operator_answers(tmp_path: Path) -> None:
    ask = _asked(tmp_path)
    waiting = [_started(tmp_path, "pass", "100", "1") for _ in range(3)]
    operator = _started(tmp_path, "approve", "olga", ask, "3")
    assert _ended(*waiting, operator) == [["passed"], ["passed"], ["passed"], ["granted"]]
