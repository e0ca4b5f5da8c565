"""psql as people have it, in a box, with a PostgreSQL server whose password the box never has."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from needs import missing
from postgresql_server import binaries, running_server
from real.running import USERS, place
from real.world import Host, keep, lead

_PASSWORD = "pg-0123456789abcdefghijklmnop"


@contextmanager
def _database() -> Iterator[Host]:
    programs = binaries()
    if programs is None:
        missing("PostgreSQL", "scripts/install-test-needs")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with running_server(programs, port=port) as dsn:
        with psycopg.connect(dsn, autocommit=True) as database:
            database.execute(f"CREATE ROLE app LOGIN PASSWORD '{_PASSWORD}'")
            rules = Path(parse_qs(urlsplit(dsn).query)["host"][0]) / "data/pg_hba.conf"
            rules.write_text("host all app 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
            database.execute("SELECT pg_reload_conf()")
        yield Host(name="db.example.com", port=port, tls=False)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("mode", ["disable", "require"])
def test_psql_logs_in_with_a_password_that_it_never_has(user: str, mode: str) -> None:
    with place(user) as here, _database() as database:
        lead(
            here,
            database,
            network="{host: db.example.com, port: 5432, raw: true}",
            credentials="{name: db, host: db.example.com}",
        )
        how = ("--kind", "postgresql", "--part", "user=app", "--host", "db.example.com:5432")
        keep(here, "db", *how, secret=_PASSWORD)
        script = f"""
            psql "host=db.example.com user=app dbname=postgres sslmode={mode} connect_timeout=20" -Atc \
                "SELECT current_user, 6 * 7"
            echo "$PGPASSWORD" | grep -c 0123456789
        """
        done = here.sh(script)
        assert done.out.splitlines() == ["app|42", "0"], done
        assert here.report()["credentials"] == [{"name": "db", "times": 1}]
