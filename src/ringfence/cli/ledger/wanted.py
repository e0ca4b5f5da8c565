"""What `show` and `export` are asked for, from their options."""

import argparse

from ringfence.app.ledger.choosing import Wanted
from ringfence.app.ledger.naming import named_stream
from ringfence.ledger.ledger import Ledger

__all__ = ["wanted"]


def wanted(options: argparse.Namespace, ledger: Ledger) -> Wanted:
    """The choice. `show` has options that `export` has not.

    Raises:
        UsageError: there is no such stream.
        LedgerError: the ledger cannot be read.
    """
    more = vars(options)
    stream: str | None = options.stream
    if stream is not None and not set(stream) & set("*?"):
        stream = f"{stream}*" if more.get("follow") else named_stream(ledger, stream)  # it may yet begin
    return Wanted(
        since=options.since,
        until=options.until,
        types=tuple(options.type),
        stream=stream,
        agent=more.get("agent"),
        text=more.get("grep"),
    )
