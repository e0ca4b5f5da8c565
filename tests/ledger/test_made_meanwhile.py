"""A ledger that somebody makes while another one looks at what the file is."""

import sqlite3
from pathlib import Path

import pytest

from ringfence.ledger import sqlite


class _Interrupted:
    """A connection beside which the ledger is made after so many statements."""

    def __init__(self, path: Path, after: int) -> None:
        self._path, self._left = path, after
        self._database = sqlite3.connect(path, isolation_level=None)

    def execute(self, statement: str) -> sqlite3.Cursor:
        if not self._left:
            made = sqlite3.connect(self._path, isolation_level=None)
            sqlite._prepare(made)
            made.close()
        self._left -= 1
        return self._database.execute(statement)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_ledger_that_is_made_meanwhile_is_no_other_programs(tmp_path: Path, after: int) -> None:
    found = sqlite._version(_Interrupted(tmp_path / "ledger.sqlite", after))  # type: ignore[arg-type]
    assert found == 1
