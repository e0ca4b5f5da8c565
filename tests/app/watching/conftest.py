"""A server for ledgers."""

from ledger_places import ledger_dsn, server

__all__ = ["ledger_dsn", "server"]
