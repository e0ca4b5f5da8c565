"""The list of event types in docs/ledger.md is the list that there is."""

from ledger_docs import PAGE, page

from ringfence.ledger.event_types import EVENTS


def test_the_list_of_types_is_current() -> None:
    written = PAGE.read_text()
    assert written == page(written), "run: python scripts/ledger_docs.py"
    assert all(f"| `{each.TYPE}` |" in written for each in EVENTS)
