"""What the policy thinks of what was seen: silent where nobody has said anything about anything."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ringfence.cli.console import safe
from ringfence.cli.shortening import Shorten, shortener
from ringfence.cli.tables.models import name_of
from ringfence.cli.tables.section import first_rows, heading
from ringfence.core.decisions import Mode
from ringfence.core.inventory import Inventory
from ringfence.core.machine import Agent, Listener, Runtime
from ringfence.core.models import Model
from ringfence.core.standings import Standing, StandingWord

__all__ = ["STYLE", "because", "standings_table"]

STYLE = {
    StandingWord.APPROVED: "green",
    StandingWord.UNREVIEWED: "",
    StandingWord.REVIEW: "yellow",
    StandingWord.FORBIDDEN: "red",
}
_SHOWN_NAMES = 3

_Seen = Model | Listener | Runtime | Agent


def standings_table(inventory: Inventory) -> RenderableType | None:
    """How many things stand how, what must be asked for or not be used, and what is new in the ledger."""
    stands = [(each.standing, each) for each in inventory.things if each.standing is not None]
    parts: list[RenderableType] = []
    if not all(standing.is_quiet for standing, _ in stands):
        counts = Counter(standing.word for standing, _ in stands)
        shown = ", ".join(f"{counts[each]} {each}" for each in reversed(StandingWord) if counts[each])
        parts += [heading("Policy", shown), *_lines(stands, shortener(inventory.scope.homes))]
    if inventory.record is not None and (news := _news(inventory)):
        parts.append(Text(f"\n{news}", "dim"))
    return Group(*parts) if parts else None


def because(standing: Standing, shorten: Shorten = str) -> str:
    """The deciding rule, its own words, and where it stands."""
    nothing = f"nothing in section {standing.section} allows it"
    rule = standing.rule or ("no rule says anything about it" if standing.is_quiet else nothing)
    why = f": {standing.why}" if standing.why else ""
    place = shorten(str(standing.at)) if standing.at else ""
    mode = "" if standing.mode is Mode.ENFORCE else f"{standing.mode} only"
    where = ", ".join(filter(None, (place, mode)))
    unknown = f"; unknown: {', '.join(standing.unknown)}" if standing.unknown else ""
    return f"{rule}{why}{f' ({where})' if where else ''}{unknown}"


def _lines(stands: Iterable[tuple[Standing, _Seen]], shorten: Shorten) -> Iterator[RenderableType]:
    """One for each rule that asks or denies, the worst first, with what it is about."""
    rules: dict[tuple[int, str, str], list[str]] = {}
    for standing, thing in stands:
        if standing.word is not StandingWord.APPROVED and not standing.is_quiet:
            key = (-standing.word.rank, standing.word.value, because(standing, shorten))
            rules.setdefault(key, []).append(_name(thing))
    shown, more = first_rows(sorted(rules.items()))
    for (_, word, reason), names in shown:
        style = STYLE[StandingWord(word)]
        rest = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_row(Text(f"  {word}", style), safe(", ".join(names[:_SHOWN_NAMES]) + rest, style))
        yield row
        yield Padding(safe(reason), (0, 0, 0, 4))
    if more:
        yield Text(more, "dim")


def _name(thing: _Seen) -> str:
    match thing:
        case Model():
            return name_of(thing)
        case Listener():
            host = f"[{thing.address}]" if ":" in thing.address else thing.address
            return f"{host}:{thing.port}"
        case Runtime() | Agent():
            return f"{thing.name} {thing.version}" if thing.version else thing.name


def _news(inventory: Inventory) -> str:
    record = inventory.record
    if record is None:
        return ""
    counts = ((record.appeared, "appeared"), (record.changed, "changed"), (record.vanished, "vanished"))
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"Recorded: {told}" if told else ""
