"""`ringfence ledger verify`: whether the record is as it was written."""

import argparse
from collections.abc import Iterator

from ringfence.app.documents import document
from ringfence.app.ledger.reading import read_anchors
from ringfence.app.ledger.verify import LedgerVerified, Trust, verify
from ringfence.cli.exact import name
from ringfence.cli.streams import write
from ringfence.core.errors import ExitCode
from ringfence.ledger.vouching import Fault
from ringfence.wiring.ledger import has_own_key, now, open_own_ledger, own_key

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Says what is wrong, or up to where nothing is."""
    started_at = now()
    anchors, anchored_keys = read_anchors(options.anchor)
    _, keys = read_anchors(options.key)
    trusts_own = not (keys or anchored_keys) and has_own_key()
    trust = Trust(
        anchors=anchors,
        keys=keys,
        anchored_keys=anchored_keys,
        own=own_key() if trusts_own else None,
    )
    ledger = open_own_ledger()
    result = verify(ledger, trust, started_at=started_at)
    ledger.close()
    if options.format == "json":
        write(document("ringfence.ledger-verify/1", result) + "\n")
    else:
        write("\n".join(_lines(result)) + "\n")
    if result.faults:
        return ExitCode.FAILED_AS_ASKED
    return ExitCode.DONE if result.complete else ExitCode.NOT_EXAMINED


def _lines(result: LedgerVerified) -> Iterator[str]:
    for fault in result.faults:
        yield f"{_place(fault)}: {name(fault.what)}"
    if result.unreadable is not None:
        yield f"from here on it cannot be read: {name(result.unreadable)}"
    if result.whole:
        streams = "1 stream" if result.streams == 1 else f"{result.streams} streams"
        yield f"whole: {result.events} events in {streams}"
    if not result.faults:  # which say what they are, and where
        yield name(result.vouched)


def _place(fault: Fault) -> str:
    return "the record" if fault.stream is None else f"{name(fault.stream)}:{fault.seq}"
