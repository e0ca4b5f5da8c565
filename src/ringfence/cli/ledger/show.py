"""`ringfence ledger show`: what was decided, done and seen, an event a line."""

import argparse
import itertools
import json
import select
import sys

from ringfence import __version__
from ringfence.app.documents import as_json, pieces
from ringfence.app.ledger.choosing import Chosen, chosen
from ringfence.app.ledger.fields import fields_of
from ringfence.app.ledger.naming import named_event, short_names
from ringfence.app.ledger.show import Found, Showing, event_shown, show
from ringfence.cli.exact import fact_lines
from ringfence.cli.ledger.wanted import wanted
from ringfence.cli.streams import tell, write
from ringfence.cli.tables.events import event_line, news_lines
from ringfence.core.errors import ExitCode, UsageError
from ringfence.ledger.ledger import Ledger
from ringfence.wiring.ledger import named_ledger, now
from ringfence.wiring.policies import own_folder

__all__ = ["run"]

_LOOK_AGAIN_MS = 250


def run(options: argparse.Namespace) -> int:
    """Prints the events."""
    _refuse_mixtures(options)
    started_at = now()
    ledger = named_ledger(may_come=options.follow)
    if options.event is not None:
        found = _one(ledger, options.event)
        table = _Table(ledger, verbose=True)
        write(table.text(found) if options.format == "table" else _json_line(found))
        return ExitCode.DONE
    choice = chosen(wanted(options, ledger))
    showing = Showing(ledger, choice, limit=options.limit)
    if options.format == "json" and not options.follow:
        document = show(showing, choice.wanted, started_at=started_at)
        write([*pieces("ringfence.ledger-show/1", document), "\n"])
        if showing.trouble is not None:
            raise showing.trouble
        return ExitCode.DONE
    _print(ledger, showing, choice, options)
    return ExitCode.DONE


def _refuse_mixtures(options: argparse.Namespace) -> None:
    filters = ("since", "until", "type", "stream", "agent", "grep", "limit", "follow")
    if options.event is not None and any(getattr(options, each) for each in filters):
        raise UsageError("one event needs no filters", hint="leave them out, or leave out STREAM:SEQ")
    if options.follow and options.until is not None:
        raise UsageError("what is followed has no end", hint="leave out --until, or --follow")
    if options.verbose and options.format != "table":
        raise UsageError("--verbose is for the table", hint="JSON has all fields anyway")


def _one(ledger: Ledger, name: str) -> Found:
    stream, seq = named_event(ledger, name)
    recorded = ledger.event(stream, seq)
    if recorded is None:
        raise UsageError(f"there is no event {seq} in {stream}", hint="ringfence ledger show lists them")
    return next(ledger.rows(stream=stream, after=recorded.ordinal - 1)), recorded


def _print(ledger: Ledger, showing: Showing, choice: Chosen, options: argparse.Namespace) -> None:
    table = None if options.format != "table" else _Table(ledger, verbose=options.verbose)
    shows = _json_line if table is None else table.text
    events = showing.events()
    first = next(events, None)
    if first is not None:
        write(map(shows, itertools.chain([first], events)))
    if options.follow:
        for found in showing.followed(_wait):
            write(shows(found))
    elif table is not None:
        if first is None:
            write("no event\n" if ledger.heads() else "nothing is recorded yet\n")
        news, hidden = showing.news(), choice.hides_news
        if news is not None:
            write(f"{line}\n" for line in news_lines(news))
        elif choice.wanted.since is not None and hidden is not None:
            tell(f"what appeared, changed and vanished then is not summed up: {hidden} leaves events out")


def _wait() -> bool:
    """A while; ends early, and for good, when nobody reads any more."""
    waits = select.poll()
    waits.register(sys.stdout.fileno(), 0)
    if waits.poll(_LOOK_AGAIN_MS):
        raise BrokenPipeError
    return True


def _json_line(found: Found) -> str:
    head = {"schema": "ringfence.ledger-event/1", "tool_version": __version__}
    shown = as_json(event_shown(*found))
    assert isinstance(shown, dict)
    return json.dumps(head | shown, allow_nan=False) + "\n"


class _Table:
    """Events as lines."""

    def __init__(self, ledger: Ledger, *, verbose: bool) -> None:
        self._names = short_names(each.stream for each in ledger.heads())
        self._verbose, self._home = verbose, own_folder()

    def text(self, found: Found) -> str:
        """The event's line, and below it its fields if they are wanted."""
        event = event_shown(*found)
        name = f"{self._names.get(event.stream, event.stream)}:{event.seq}"
        lines = [event_line(event, name, home=self._home)]
        if self._verbose:
            lines += fact_lines(fields_of(found[1]))
        return "\n".join(lines) + "\n"
