"""What may come of loading each model: how each verdict is shown, and the table of a scan that judged."""

from collections import Counter

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.cli.console import safe
from ringfence.cli.tables.section import SEVERITY_STYLE, finding_line, first_rows, heading
from ringfence.core.inventory import Inventory
from ringfence.core.verdicts import Verdict, verdict_of

__all__ = ["MEANING", "STYLE", "verdicts_table"]

MEANING = {
    Verdict.CLEAN: "everything that loading runs was examined, and none of it can act",
    Verdict.KNOWN_LIBRARY: "acts through classes of well-known libraries only",
    Verdict.UNKNOWN: "names or holds code that nobody has looked at; nothing bad was seen in it",
    Verdict.INCONCLUSIVE: "a part could not be examined: do not take it for clean",
    Verdict.SUSPICIOUS: "holds what honest files do not: do not load it",
    Verdict.MALICIOUS: "would do harm when loaded: do not load it",
}
STYLE = {
    Verdict.CLEAN: "green",
    Verdict.KNOWN_LIBRARY: "green",
    Verdict.UNKNOWN: "yellow",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.SUSPICIOUS: "red",
    Verdict.MALICIOUS: "red",
}


def verdicts_table(inventory: Inventory) -> RenderableType:
    """How many models have which verdict; those that are worse than known, with what led to it."""
    judged = [(model.verdict, model) for model in inventory.models if model.verdict is not None]
    counts = Counter(verdict for verdict, _ in judged)
    shown = ", ".join(f"{counts[each]} {each}" for each in reversed(Verdict) if counts[each])
    parts: list[RenderableType] = [heading("Verdicts", shown or "no model to judge")]
    bad = sorted((each for each in judged if each[0] > Verdict.KNOWN_LIBRARY), key=lambda each: -each[0].rank)
    rows, more = first_rows(bad)
    for verdict, model in rows:
        parts.append(safe(f"  {verdict}  {model.name}", STYLE[verdict]))
        for each in model.findings:
            if verdict_of(each.severity, each.confidence) == verdict:
                line = safe(finding_line(each), SEVERITY_STYLE[each.severity])
                parts.append(Padding(line, (0, 0, 0, 4)))
    if more:
        parts.append(Text(more, "dim"))
    return Group(*parts)
