"""The record for other tools, an event to a line: OCSF and CEF for a SIEM, JSON Lines with all there is."""

from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum

from ringfence.app.ledger.cef import cef_line
from ringfence.app.ledger.choosing import Chosen
from ringfence.app.ledger.ocsf.events import ocsf_line
from ringfence.app.ledger.provable import Links
from ringfence.ledger.chain import Row
from ringfence.ledger.ledger import Ledger, Recorded, Unknown

__all__ = ["Export", "Exporting"]


class Export(StrEnum):
    """What an export is written as."""

    OCSF = "ocsf"
    JSONL = "jsonl"
    CEF = "cef"


class Exporting:
    """One export. Once its lines were taken, it knows how many there were, and what was left out."""

    def __init__(self, ledger: Ledger, chosen: Chosen, as_: Export) -> None:
        self._ledger, self._chosen, self._as = ledger, chosen, as_
        self.written = 0
        self.left_out = Counter[str]()

    def lines(self) -> Iterator[str]:
        """Each event that has a place in the format, with a line break at its end.

        Raises:
            LedgerError: there is more that cannot be read; all that can was given before.
        """
        if self._as is Export.JSONL:
            yield from self._provable()
            return
        line: Callable[[Row, Recorded], str | None] = ocsf_line if self._as is Export.OCSF else cef_line
        for row, recorded in self._chosen.read(self._ledger):
            if recorded is None:
                continue
            told = line(row, recorded)
            if told is None:
                self.left_out[_why(recorded)] += 1
            else:
                self.written += 1
                yield told + "\n"

    def _provable(self) -> Iterator[str]:
        links = Links(self._ledger)
        for row, recorded in self._chosen.read(self._ledger):
            line = links.line(row, wanted=recorded is not None)
            if line is not None:
                self.written += 1
                yield line + "\n"


def _why(recorded: Recorded) -> str:
    type_ = recorded.type.partition("/")[0]
    if recorded.event is None:
        return f"{type_}, forgotten"
    return f"{type_}, unknown here" if isinstance(recorded.event, Unknown) else type_
