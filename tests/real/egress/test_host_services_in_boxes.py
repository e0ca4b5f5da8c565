"""What listens on the machine itself and on private addresses: reached from a box by grant, not without."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from egress.upstream_servers import Handler, http_server
from needs import missing
from postgresql_server import binaries, running_server
from real.git_host import git_host
from real.running import USERS, free_port, place
from real.world import keep

_PASSWORD = "pg-0123456789abcdefghijklmnop"
_OWN = "egress: {private: [{host: localhost, addresses: [127.0.0.1, '::1']}]}"


def _policy(network: str, more: str) -> str:
    return f"""
version: 1
agents:
  profiles:
    "*":
      files: {{read: ["**"], write: ["**"]}}
      network: [{network}]
      {more}
"""


class _Models(Handler):
    """As Ollama: lists models, and takes what is to be generated."""

    def do_GET(self) -> None:  # noqa: N802
        self.answer(b'{"models": []}', Content_Type="application/json")


@contextmanager
def _database() -> Iterator[int]:
    import psycopg

    programs = binaries()
    if programs is None:
        missing("PostgreSQL", "scripts/install-test-needs")
    port = free_port()
    with running_server(programs, port=port) as dsn:
        with psycopg.connect(dsn, autocommit=True) as database:
            database.execute(f"CREATE ROLE app LOGIN PASSWORD '{_PASSWORD}'")
            folder = database.execute("SHOW data_directory").fetchone()
            assert folder is not None
            rules = Path(folder[0]) / "pg_hba.conf"
            rules.write_text("host all app 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
            database.execute("SELECT pg_reload_conf()")
        yield port


@pytest.mark.parametrize("user", USERS)
def test_a_server_of_the_host_is_reached_at_localhost_by_grant_and_judged_by_request(user: str) -> None:
    with place(user) as here, http_server(_Models) as (_, port):
        here.needs_ringfence()
        here.policy(_policy(f"{{host: localhost, port: {port}, methods: [GET]}}", _OWN))
        script = f"""
            curl -sS http://localhost:{port}/api/tags; echo
            curl -sS http://127.0.0.1:{port}/api/tags; echo
            curl -sS --noproxy '' http://localhost:{port}/api/tags; echo
            curl -sS -d x -o /dev/null -w '%{{http_code}}\n' http://localhost:{port}/api/generate
        """
        done = here.sh(script)
        assert done.out.splitlines() == [*['{"models": []}'] * 3, "403"], done
        asked = [(each["host"], each["refused"]) for each in here.report()["hosts"]]
        assert asked == [("localhost", 1)]


@pytest.mark.parametrize("user", USERS)
def test_without_a_grant_localhost_is_the_box_itself(user: str) -> None:
    with place(user) as here, http_server(_Models) as (_, port):
        here.needs_ringfence()
        for policy in (
            _policy("{host: example.com}", _OWN),
            _policy(f"{{host: localhost, port: {port}}}", "owner: me"),
        ):
            here.policy(policy)
            done = here.sh(f"curl -s http://localhost:{port}/; echo $?")
            assert done.out.splitlines() == ["7"], done  # nobody listens there
            done = here.sh(f"curl -s --noproxy '' http://localhost:{port}/api/tags")
            assert "models" not in done.out, done


@pytest.mark.parametrize("user", USERS)
def test_a_database_of_the_host_is_reached_at_localhost_by_grant_and_not_without(user: str) -> None:
    with place(user) as here, _database() as port:
        here.needs_ringfence()
        here.policy(_policy(f"{{host: localhost, port: {port}, raw: true}}", _OWN))
        ask = f"PGPASSWORD={_PASSWORD} psql -h localhost -p {port} -U app postgres -Atc 'SELECT 6 * 7'"
        assert here.sh(ask).out == "42\n"
        here.policy(_policy(f"{{host: localhost, port: {port + 1}, raw: true}}", _OWN))
        done = here.sh(ask)
        assert (done.exit, done.out) == (2, ""), done


@pytest.mark.parametrize("user", USERS)
def test_a_database_of_the_host_takes_a_password_that_the_box_never_has(user: str) -> None:
    with place(user) as here, _database() as port:
        here.needs_ringfence()
        granted = f"{_OWN}\n      credentials: [{{name: db, host: localhost}}]"
        here.policy(_policy(f"{{host: localhost, port: {port}, raw: true}}", granted))
        how = ("--kind", "postgresql", "--part", "user=app", "--host", f"localhost:{port}")
        keep(here, "db", *how, secret=_PASSWORD)
        script = f"""
            psql "host=localhost port={port} user=app dbname=postgres sslmode=disable" -Atc "SELECT user"
            echo "$PGPASSWORD" | grep -c 0123456789
        """
        assert here.sh(script).out.splitlines() == ["app", "0"]


@pytest.mark.parametrize("user", USERS)
def test_a_git_host_on_a_private_address_is_reached_by_its_network_and_not_by_another(
    user: str, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "org/repo.git"], check=True)
    with place(user) as here, http_server(git_host(tmp_path), address="127.0.0.2") as (address, port):
        here.needs_ringfence()
        for named, code in (("127.0.0.0/29", "0"), ("127.0.1.0/24", "128")):
            private = f"egress: {{private: [{{host: {address}, addresses: {named}}}]}}"
            here.policy(_policy(f"{{host: {address}, port: {port}, paths: [/org/**]}}", private))
            done = here.sh(f"git ls-remote -q http://{address}:{port}/org/repo.git; echo $?")
            assert done.out.splitlines() == [code], done


def test_an_explanation_says_which_ports_of_localhost_lead_out() -> None:
    with place() as here:
        here.policy(_policy("{host: localhost, port: 5432, raw: true}", _OWN))
        done = here.ringfence("run", "--explain", "--json", "--", "true")
        assert json.loads(done.out)["network"].endswith("443, 5432; at localhost, 5432 lead out as well"), (
            done
        )
