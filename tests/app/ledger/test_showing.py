"""Events are read, limited and followed on every store, and told so that nothing in them can mislead."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ledgers import opened, scan
from making_events import row_of, values
from ringfence.app.ledger.choosing import Wanted, chosen
from ringfence.app.ledger.export import Export
from ringfence.app.ledger.fields import fields_of
from ringfence.app.ledger.naming import named_event, named_stream, short_names
from ringfence.app.ledger.show import Found, Showing, event_shown, show
from ringfence.cli.exact import fact_lines
from ringfence.cli.parsers.reading import EXPORTS
from ringfence.cli.tables.events import event_line
from ringfence.core.action_types import Durability
from ringfence.core.errors import UsageError
from ringfence.ledger.event_types import EVENTS
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.recorded import recorded_of


def add(ledger: Ledger, *names: str, stream: str = "one") -> None:
    for each in names:
        ledger.append(scan(each), stream=stream, durability=Durability.WRITTEN)


def named(found: Found) -> str:
    _, recorded = found
    return str(getattr(recorded.event, "scan", None))


def test_all_or_the_newest_are_shown_and_then_what_comes(where: str) -> None:
    ledger = opened(where)
    add(ledger, "a", "b", "c")
    showing = Showing(ledger, chosen(Wanted()), limit=2)
    assert list(map(named, showing.events())) == ["b", "c"]
    turns = iter([("d", "e"), (), ("f",), None])

    def pause() -> bool:
        coming = next(turns)
        add(ledger, *coming or ())
        return coming is not None

    assert list(map(named, showing.followed(pause))) == ["d", "e", "f"]
    ledger.close()


def test_following_gets_on_past_what_nobody_asked_for(where: str) -> None:
    ledger = opened(where)
    add(ledger, "a")
    showing = Showing(ledger, chosen(Wanted(types=("grant.*",))))
    assert list(showing.events()) == []
    add(ledger, "b")
    turns = iter([True, False])
    assert list(showing.followed(lambda: next(turns))) == []
    assert showing.last == list(ledger.rows())[-1].ordinal
    ledger.close()


def test_streams_and_texts_choose_on_every_store(where: str) -> None:
    ledger = opened(where)
    add(ledger, 'say "x"', stream="endpoint/1")
    add(ledger, "b", stream="endpoint/2")
    for wanted, names in (
        (Wanted(stream="endpoint/2"), ["b"]),
        (Wanted(stream="endpoint/*"), ['say "x"', "b"]),
        (Wanted(text='SAY "X'), ['say "x"']),
        (Wanted(types=("scan.started",)), ['say "x"', "b"]),
    ):
        assert list(map(named, Showing(ledger, chosen(wanted)).events())) == names
    ledger.close()


def test_a_document_that_grows_past_all_reason_is_refused(
    ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = opened(ledger_file)
    add(ledger, "a", "b", "c")
    monkeypatch.setattr("ringfence.app.ledger.show._MOST", 2)
    showing = Showing(ledger, chosen(Wanted()))
    at = next(iter(ledger.read())).at
    with pytest.raises(UsageError) as refused:
        show(showing, Wanted(), started_at=at)
    assert refused.value.hint == "use --format jsonl, or ask for fewer: --limit, --since"
    assert len(show(Showing(ledger, chosen(Wanted()), limit=2), Wanted(), started_at=at).events) == 2
    ledger.close()


def test_names_are_as_short_as_they_can_be() -> None:
    one, two = "endpoint/0193aaaa-1", "endpoint/0193aaaa-2"
    assert short_names([one, "checkpoints"]) == {one: "endpoint", "checkpoints": "checkpoints"}
    assert short_names([one, two]) == {one: one, two: two}
    other = "endpoint/0293bbbb-2"
    assert short_names([one, other]) == {one: "endpoint/0193aaaa", other: "endpoint/0293bbbb"}
    assert short_names(["a", "ab/c"]) == {"a": "a", "ab/c": "ab"}


def test_an_event_is_found_by_its_short_name(where: str) -> None:
    ledger = opened(where)
    add(ledger, "a", stream="endpoint/1")
    add(ledger, "b", stream="endpoint/12")
    assert named_stream(ledger, "endpoint/1") == "endpoint/1"
    assert named_event(ledger, "endpoint/12:1") == ("endpoint/12", 1)
    with pytest.raises(UsageError) as refused:
        named_stream(ledger, "endpoint")
    assert refused.value.what == "2 streams begin with endpoint"
    ledger.close()


@pytest.mark.parametrize("made", EVENTS, ids=lambda made: made.TYPE)
def test_an_event_is_one_line_whatever_is_in_it(made: type[Any]) -> None:
    @settings(max_examples=8, deadline=None)
    @given(values(made))
    def is_one_line(event: Any) -> None:
        row = row_of(event)
        recorded = recorded_of(row)
        line = event_line(event_shown(row, recorded), "one:1", home=Path("/home/ann"))
        assert line.splitlines() == [line]
        for each in (line, *fact_lines(fields_of(recorded))):
            assert "\x1b" not in each
            assert each.splitlines() == [each]
            assert not set(each) & set("\u202e\u200b\u2028\xa0\udcff\x85")

    is_one_line()


def test_the_parser_knows_the_formats_that_there_are() -> None:
    assert tuple(Export) == EXPORTS
