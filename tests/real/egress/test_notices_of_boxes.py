"""Operators are told of what boxes ask, on the desktop and by a webhook; and no answer of these is a yes."""

import ctypes
import json
import os
import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from egress.upstream_servers import Handler
from real.running import ORDINARY, USERS, Place, place, until
from real.world import Host, host, lead
from session_bus import Shown, notice_server, session_bus

_ASKS = ("curl", "-sS", "-m", "60", "https://api.example.com/x")


class _Hook(Handler):
    """Keeps what it is told, and says yes to everything."""

    told: ClassVar["queue.Queue[dict[str, Any]]"] = queue.Queue()

    def do_POST(self) -> None:  # noqa: N802
        self.told.put(json.loads(self.body()))
        self.answer(b'{"approve": true}', status=200, Location="/approve", X_Approve="yes")


@dataclass
class Scene:
    here: Place
    shown: Shown

    def told(self) -> dict[str, Any]:
        """What the webhook is told next."""
        return _Hook.told.get(timeout=60)


def _policy(here: Place, api: Host, hook: Host, *, webhook: str = "") -> None:
    lead(
        here,
        api,
        network="{host: api.example.com}",
        more=f"""  rules:
    - {{id: asks, actions: [http.request], match: {{host: api.example.com}}, then: ask}}
operators:
  notify:
    webhook:
      url: https://localhost:{hook.port}/hooks/T0K3N
      private: [127.0.0.1, "::1"]
      ca: {here.home}/outside.pem
{webhook}""",
    )


@contextmanager
def _scene(user: str) -> Iterator[Scene]:
    _Hook.told = queue.Queue()
    with (
        place(user) as here,
        host("api.example.com") as api,
        host("localhost", _Hook) as hook,
    ):
        bus = here.own(here.tree.parent / "bus", make=True)
        who = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []} if here.is_another else {}
        with session_bus(bus, **who) as address, notice_server(address, "body-markup") as shown:
            here.environment["DBUS_SESSION_BUS_ADDRESS"] = address
            _policy(here, api, hook)
            yield Scene(here, shown)
            here.ringfence("daemon", "stop")


def _notices(here: Place) -> list[tuple[str, str]]:
    return [(each["who"], each["how"]) for each in here.document("daemon", "status")["daemons"][0]["notices"]]


@pytest.mark.parametrize("user", USERS)
def test_a_question_is_told_and_what_was_answered_too(user: str) -> None:
    with _scene(user) as scene:
        running = scene.here.start("run", "--", *_ASKS)
        asked = scene.told()
        session = scene.here.session()
        assert (asked["happened"], asked["subject"], asked["session"][-8:]) == (
            "asked",
            "GET api.example.com/x",
            session,
        )
        (notice,) = scene.shown.until(1).notices
        assert notice["summary"] == "http.request waits for your answer"
        assert notice["body"].split("\n")[0] == f"{asked['approve']}, or {asked['deny']}"
        assert ("desktop", "on") in _notices(scene.here)
        assert running.poll() is None
        done = scene.here.ringfence(*asked["approve"].split()[1:], before=(_as_executed,))
        assert done.exit == 0, done
        out, err = running.communicate(timeout=60)
        assert out.startswith(b"GET /x api.example.com"), err
        over = scene.told()
        assert (over["happened"], over["ask"]) == ("granted", asked["ask"])
        assert scene.shown.until(1, closed=1).closed == [1]
        assert [how for _, how in _notices(scene.here)] == ["on", "on"]


def test_what_a_webhook_answers_approves_nothing() -> None:
    with _scene(USERS[0]) as scene:
        running = scene.here.start("run", "--", *_ASKS)
        asked = scene.told()
        (still,) = scene.here.document("asks")["asks"]
        assert still["id"] == asked["ask"]
        assert scene.here.ringfence(*asked["deny"].split()[1:]).exit == 0
        running.communicate(timeout=60)
        assert scene.here.document("grants")["grants"] == []
        assert scene.told()["happened"] == "refused"


def test_a_webhook_that_nobody_answers_is_said_to_fail_and_questions_are_answered_all_the_same() -> None:
    with host("localhost") as gone:
        pass
    with place(USERS[0]) as here, host("api.example.com") as api:
        _policy(here, api, gone)
        running = here.start("run", "--", *_ASKS)
        (ask,) = until(lambda: here.document("asks")["asks"], "a question")
        name = f"webhook localhost:{gone.port}"
        until(lambda: (name, "failed") in _notices(here), "that it fails")
        assert here.ringfence("approve", ask["id"]).exit == 0
        out, err = running.communicate(timeout=60)
        assert out.startswith(b"GET /x"), err
        said = here.ringfence("daemon", "status").out
        assert f"  tells of questions: {name} failed: it cannot be reached" in said
        log = Path(here.document("daemon", "status")["daemons"][0]["folder"], "log").read_text()
        assert log.count(f"ringfence: {name} is not told of questions") == 1
        assert "T0K3N" not in log + said


def test_who_tells_may_die_and_nobody_else_notices() -> None:
    with _scene(USERS[0]) as scene:
        running = scene.here.start("run", "--", *_ASKS)
        scene.told()
        (pid,) = _tellers(scene.here)
        os.kill(pid, signal.SIGKILL)
        (ask,) = scene.here.document("asks")["asks"]
        assert scene.here.ringfence("approve", ask["id"]).exit == 0
        out, err = running.communicate(timeout=60)
        assert out.startswith(b"GET /x"), err
        assert _notices(scene.here) == [("notices", "failed")]
        done = scene.here.run("true")
        assert done.exit == 0, done


def _as_executed() -> None:
    """What became another user by hand hides from the ledger's writer, which looks at who answers."""
    ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE


def _tellers(here: Place) -> list[int]:
    """Processes that hold the daemon's board."""
    folder = here.document("daemon", "status")["daemons"][0]["folder"]
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                if any(str(fd.readlink()) == f"{folder}/notices" for fd in (each / "fd").iterdir()):
                    found.append(int(each.name))
            except OSError:
                continue
    return found
