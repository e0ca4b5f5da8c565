"""Fixtures: where ledgers lie while they are tested, a file or a schema of its own on a real server."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from needs import missing
from postgresql_server import binaries, running_server

__all__ = ["ledger_dsn", "ledger_file", "server", "where"]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    programs = binaries()
    if programs is None:
        missing("a PostgreSQL server", "apt-get install postgresql")
    with running_server(programs) as dsn:
        yield dsn


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "ledger.sqlite"


@pytest.fixture
def ledger_dsn(server: str) -> str:
    schema = f"t{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{server}&options=-csearch_path%3D{schema}"


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest) -> str:
    name = "ledger_file" if request.param == "sqlite" else "ledger_dsn"
    return str(request.getfixturevalue(name))
