"""Where ledgers lie while they are tested."""

from ledger_places import ledger_dsn, ledger_file, server, where

__all__ = ["ledger_dsn", "ledger_file", "server", "where"]
