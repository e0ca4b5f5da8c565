"""The five signals, what was not looked at, and what became of the digests."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.cli.console import safe
from ringfence.cli.shortening import Shorten, from_here
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.section import SEVERITY_STYLE, finding_line, first_rows, heading
from ringfence.core.inventory import Inventory, Scope, Signal, Skipped

__all__ = ["digests_table", "scope_line", "signals_table", "skipped_table"]

_SHOWN = 3
_EVIDENCE_CHARS = 220

_ANSWER = {
    True: ("yes", "bold red"),
    False: ("no", "green"),
    None: ("not looked at", "yellow"),
}


def scope_line(scope: Scope) -> RenderableType:
    """Where the scan looked, and into which files."""
    outermost = [
        path for path in scope.paths if not any(path.is_relative_to(o) for o in scope.paths if o != path)
    ]
    more = f" and {len(outermost) - _SHOWN} more" if len(outermost) > _SHOWN else ""
    places = ", ".join(from_here(path) for path in outermost[:_SHOWN]) + more
    sizes = (
        f"files of known suffix and in stores at any size, others from {show_size(scope.min_size_bytes)} on"
    )
    return safe(f"Looked in {places}: {sizes}", "dim")


def signals_table(signals: Sequence[Signal], shorten: Shorten = str) -> RenderableType:
    """The five signs of shadow AI, each with its first pieces of evidence."""
    raised = sum(1 for signal in signals if signal.raised)
    parts: list[RenderableType] = [heading("Signals of shadow AI", f"{raised} of {len(signals)} raised")]
    for signal in signals:
        answer, style = _ANSWER[signal.raised]
        parts.append(Text.assemble(f"  {signal.id.heading}: ", (answer, style)))
        for each in signal.evidence[:_SHOWN] if signal.raised else ():
            line = safe(shorten(f"{each.subject}: {each.text}"), chars=_EVIDENCE_CHARS)
            parts.append(Padding(line, (0, 0, 0, 4)))
        rest = signal.evidence[_SHOWN:] if signal.raised else ()
        if rest:
            uncounted = f", {rest[-1].text}" if not rest[-1].subject else ""  # past limits.signal_items
            parts.append(Text(f"    and {len(rest) - bool(uncounted)} more{uncounted}", "dim"))
    return Group(*parts)


def skipped_table(skipped: Sequence[Skipped], shorten: Shorten = str) -> RenderableType:
    """What was not looked at, and why; one line for each reason."""
    reasons: dict[str, list[Skipped]] = {}
    for each in skipped:
        reasons.setdefault(each.reason, []).append(each)
    parts: list[RenderableType] = [heading("Not looked at", str(sum(each.count for each in skipped)))]
    for reason, same in sorted(reasons.items()):
        counts: Counter[str] = Counter()
        for each in same:
            counts[each.kind] += each.count
        what = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in counts.items())
        subjects = tuple(dict.fromkeys(each.subject for each in same if each.subject != "this machine"))
        more = f" and {len(subjects) - _SHOWN} more" if len(subjects) > _SHOWN else ""
        where = f" ({', '.join(shorten(subject) for subject in subjects[:_SHOWN])}{more})" if subjects else ""
        parts.append(Padding(safe(f"{what}: {reason}{where}"), (0, 0, 0, 2), expand=False))
    return Group(*parts)


def digests_table(inventory: Inventory) -> RenderableType:
    """How many digests were computed, and which claims turned out to be lies."""
    files = [file for model in inventory.models for file in model.files]
    computed = sum(1 for file in files if file.sha256)
    claims = sum(1 for file in files if file.sha256 and (file.sha256_claimed or file.git_sha1_claimed))
    lies = [
        (model, finding)
        for model in inventory.models
        for finding in model.findings
        if finding.check == "digest-mismatch"
    ]
    parts: list[RenderableType] = [heading("Digests", f"{computed} of {len(files)} files hashed")]
    if claims:
        parts.append(Text(f"  {claims - len(lies)} of {claims} claimed digests hold"))
    shown, more = first_rows(lies)
    for model, finding in shown:
        line = safe(f"{model.name}  {finding_line(finding)}", SEVERITY_STYLE[finding.severity])
        parts.append(Padding(line, (0, 0, 0, 2)))
    if more:
        parts.append(Text(more, "dim"))
    return Group(*parts)
