"""What a box reaches, and what of that its user, its programs and the ledger are told."""

import os
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from egress.upstream_servers import Handler
from real.running import USERS, Place, appears, descendants, place, until
from real.world import host, keep, lead

_SECRET = "tok-0123456789abcdefghijklmnopqrstuvwxyz"


class _Hears(Handler):
    """Keeps which authorizations came, and says the last one."""

    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802
        self.heard.append(self.headers.get("Authorization", "none"))
        self.answer(f"{self.path} {self.heard[-1]}".encode())


@pytest.mark.parametrize("user", USERS)
def test_what_the_policy_grants_is_reached_and_all_else_is_refused_with_a_reason(user: str) -> None:
    with place(user) as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com, methods: [GET], paths: [/ok/**]}")
        script = """
            curl -sS -m 15 https://api.example.com/ok/1; echo
            curl -sS -m 15 --noproxy '*' https://api.example.com/ok/2 | cut -d' ' -f1-3
            curl -s -m 15 -o said -w '%{http_code} ' https://api.example.com/no
            curl -s -m 15 -o /dev/null -w '%{http_code}\\n' -X POST https://api.example.com/ok/3
            curl -s -m 15 -o /dev/null -w '%{http_code}\\n' http://other.example.com/
            curl -s -m 15 -o /dev/null -w '%{http_code}\\n' http://169.254.169.254/latest/meta-data/
        """
        done = here.sh(script)
        assert [line.rsplit(" ", 1)[0] if "GET" in line else line for line in done.out.splitlines()] == [
            "GET /ok/1 api.example.com",
            "GET /ok/2",
            "403 403",
            "403",
            "403",
        ], done
        assert done.err == "ringfence: 0 credentials outside · 1 host · workspace writable\n"
        asked = {each["host"]: (each["allowed"], each["refused"]) for each in here.report()["hosts"]}
        assert asked == {"api.example.com": (2, 2), "other.example.com": (0, 1), "169.254.169.254": (0, 1)}
        said = (here.tree / "said").read_text()
        assert "api.example.com" in said
        assert "denied by section agents, which has no rule for it" in said


@pytest.mark.parametrize("user", USERS)
def test_a_credential_stays_outside(user: str) -> None:
    _Hears.heard.clear()
    with place(user) as here, host("api.example.com", _Hears) as api:
        given = "{name: API_TOKEN, host: api.example.com}"
        lead(here, api, network="{host: api.example.com}", credentials=given)
        keep(here, "API_TOKEN", "--kind", "bearer", "--host", "api.example.com", secret=_SECRET)
        script = """
            env | grep -c 0123456789abcdef; grep -rs 0123456789abcdef ~ . /proc/self/environ
            echo $API_TOKEN
            curl -sS -m 15 -H "Authorization: Bearer $API_TOKEN" https://api.example.com/x
        """
        done = here.sh(script)
        assert done.err == "ringfence: 1 credential outside · 1 host · workspace writable\n"
        found, placeholder, said = done.out.splitlines()
        assert (found, said) == ("0", f"/x Bearer {placeholder}"), done
        assert len(placeholder) == len(_SECRET)
        assert _Hears.heard == [f"Bearer {_SECRET}"]
        assert here.report()["credentials"] == [{"name": "API_TOKEN", "times": 1}]


def test_no_daemon_starts_where_nothing_is_granted() -> None:
    with place() as here:
        done = here.run("true")
        assert (done.exit, done.err) == (0, "")
        assert here.ringfence("daemon", "status").out.startswith("no daemon runs")


def test_a_box_goes_on_with_another_daemon_where_one_is_killed() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        script = """
            curl -sS -m 15 https://api.example.com/1; echo; echo > first
            until [ -e go ]; do sleep 0.02; done
            for each in 1 2 3 4 5 6 7 8 9; do curl -sS -m 5 https://api.example.com/2 && break; done
        """
        process = here.start("run", "--", "sh", "-c", script)
        appears(here.tree / "first")
        (before,) = here.document("daemon", "status")["daemons"]
        os.kill(before["pid"], signal.SIGKILL)
        until(lambda: _others(here, before["pid"]), "another daemon")
        here.write("go", "")
        out, err = process.communicate(timeout=60)
        assert [line.rsplit(b" ", 1)[0] for line in out.splitlines()] == [
            b"GET /1 api.example.com",
            b"GET /2 api.example.com",
        ], err


def test_what_was_sent_before_the_broker_was_killed_is_not_sent_again() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}", egress="sent: 100 kB")
        script = """
            head -c 150000 /dev/zero > body; curl -sS -m 15 -o /dev/null --data-binary @body https://api.example.com/
            echo > first; until [ -e go ]; do sleep 0.02; done
            curl -sS -m 15 -w ' %{http_code}' https://api.example.com/
        """
        process = here.start("run", "--", "sh", "-c", script)
        appears(here.tree / "first")
        until(
            lambda: here.ringfence("ledger", "show", "--type", "egress.carried", "--format", "jsonl").out,
            "what was carried",
        )
        (before,) = here.document("daemon", "status")["daemons"]
        for pid in (before["pid"], *descendants(before["pid"])):
            os.kill(pid, signal.SIGKILL)
        until(lambda: _others(here, before["pid"]), "another daemon")
        here.write("go", "")
        out, _ = process.communicate(timeout=60)
        assert b"the session's 100000 bytes sent are used up" in out
        assert out.endswith(b" 429")


def test_what_answers_no_more_is_told_and_recorded() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        script = """
            curl -sS -m 15 -o /dev/null https://api.example.com/1; echo > first
            until [ -e go ]; do sleep 0.02; done
            while curl -s -m 5 -o /dev/null https://api.example.com/2; do sleep 0.02; done
        """
        process = here.start("run", "--", "sh", "-c", script)
        appears(here.tree / "first")
        (daemon,) = here.document("daemon", "status")["daemons"]
        folder = Path(daemon["folder"])
        folder.rename(folder.with_name("gone"))
        folder.write_text("no other one can have its place here")
        os.kill(daemon["pid"], signal.SIGKILL)
        here.write("go", "")
        _, err = process.communicate(timeout=60)
        assert b"its programs were answered no more: " in err
        (lost,) = here.report()["refused"]
        assert (lost["kind"], lost["what"].partition(":")[0]) == (
            "layer",
            "its programs were answered no more",
        )


def _others(here: Place, pid: int) -> bool:
    return [each["pid"] for each in here.document("daemon", "status")["daemons"]] not in ([], [pid])


def test_an_agent_s_name_is_told_where_no_profile_or_no_login_is_for_it() -> None:
    with place() as here:
        said = "ringfence: warning: the policy has no profile for cluade; its rules alone hold\n"
        assert here.ringfence("run", "--agent", "cluade", "--", "true").err == said
        here.needs_ringfence()
        here.policy("version: 1\nagents: {profiles: {claude: {egress: {registries: none}}}}")
        outside, hint = here.ringfence("run", "--agent", "claude", "--", "true").err.splitlines()
        assert outside == "ringfence: 0 credentials outside · 2 hosts · workspace writable"
        assert (
            hint
            == "ringfence: it may have no login in its box: ringfence run --adopt takes yours into the vault"
        )
