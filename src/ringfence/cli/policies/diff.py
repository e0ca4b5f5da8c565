"""`ringfence policy diff`: what another edition makes possible."""

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ringfence.app.documents import document
from ringfence.app.policy.diff import Change, PolicyDiff, ValueChange, Word, compare
from ringfence.cli.console import safe, show
from ringfence.cli.exact import moment
from ringfence.cli.policies.loading import policy_from
from ringfence.cli.streams import write
from ringfence.cli.tables.section import first_rows, heading
from ringfence.core.errors import ExitCode

__all__ = ["run"]

_LONG = 2000


def run(options: argparse.Namespace) -> int:
    """Compares the two."""
    started_at = datetime.now(UTC)
    old, new = (policy_from([each], options) for each in (options.old, options.new))
    result = compare(old, new, started_at=started_at)
    if options.format == "json":
        write(document("ringfence.policy-diff/1", result) + "\n")
    else:
        show(_told(result))
    return ExitCode.FAILED_AS_ASKED if result.wider else ExitCode.DONE


def _told(result: PolicyDiff) -> Iterator[RenderableType]:
    values = result.wider_values or result.narrower_values
    if not (result.possible or result.impossible or values or result.undecided):
        yield Text("nothing is possible that was not, and nothing is not that was")
    yield from _changes("Possible now, and not before", result.possible, "+", "red")
    yield from _changes("Possible before, and not now", result.impossible, "-", "green")
    yield from _values("Wider values", result.wider_values, "+", "red")
    yield from _values("Narrower values", result.narrower_values, "-", "green")
    if result.undecided:
        yield heading("Not decided, which counts as wider", str(len(result.undecided)))
        for each in result.undecided:
            yield safe(f"  {each}", "yellow", chars=_LONG)


def _changes(title: str, changes: Sequence[Change], mark: str, style: str) -> Iterator[RenderableType]:
    if not changes:
        return
    yield heading(title, str(len(changes)))
    rows, rest = first_rows(changes)
    for each in rows:
        yield _headline(each.what, mark, style)
        yield Padding(safe(f"before: {_word(each.before)}", chars=_LONG), (0, 0, 0, 6))
        yield Padding(safe(f"after: {_word(each.after)}{_times(each)}", chars=_LONG), (0, 0, 0, 6))
        facts = ", ".join(
            f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in each.example.items()
        )
        yield Padding(safe(f"such as: {facts}", "dim", chars=_LONG), (0, 0, 0, 6))
    if rest:
        yield Text(rest)


def _values(title: str, changes: Sequence[ValueChange], mark: str, style: str) -> Iterator[RenderableType]:
    if not changes:
        return
    yield heading(title, str(len(changes)))
    rows, rest = first_rows(changes)
    for each in rows:
        yield _headline(f"{each.about}: {each.what}", mark, style)
        for when, said, at in (
            ("before", each.before, each.before_at),
            ("after", each.after, each.after_at),
        ):
            yield Padding(safe(f"{when}: {said}{f'  {at}' if at else ''}", chars=_LONG), (0, 0, 0, 6))
    if rest:
        yield Text(rest)


def _headline(what: str, mark: str, style: str) -> RenderableType:
    headline = Table.grid()
    headline.add_row(Text(f"  {mark} ", style), safe(what, chars=_LONG))
    return headline


def _word(word: Word) -> str:
    by = f"rule {word.rule}" if word.rule else "the section's mode"
    what = " ".join((f"{word.outcome}, by {by} ({word.effect}, {word.mode}).", *word.obligations))
    return f"{what} {word.at or ''}"


def _times(change: Change) -> str:
    starts = f" from {moment(change.starts_at)}" if change.starts_at else ""
    return starts + (f" until {moment(change.ends_at)}" if change.ends_at else "")
