"""The five signals, and what was not looked at."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from ringfence.cli.console import safe
from ringfence.cli.tables.section import SEVERITY_STYLE, finding_line, section
from ringfence.core.inventory import Inventory, Signal, SignalId, Skipped

__all__ = ["digests_table", "signals_table", "skipped_table"]

_SHOWN = 3

_QUESTION = {
    SignalId.LARGE_ARTIFACTS: "large models nobody vouches for",
    SignalId.LOCAL_SERVERS: "local inference servers",
    SignalId.OFFLINE_ACCELERATOR: "accelerator busy while offline",
    SignalId.UNRECORDED_CODE: "code with no record of models",
    SignalId.LICENSE_AMBIGUITY: "licenses in doubt",
}

_ANSWER = {
    True: Text("yes", "bold red"),
    False: Text("no", "green"),
    None: Text("not looked at", "yellow"),
}


def signals_table(signals: Sequence[Signal]) -> RenderableType:
    """The five signs of shadow AI, each with its first pieces of evidence."""
    raised = sum(1 for signal in signals if signal.raised)
    table = section("Signals of shadow AI", f"{raised} of {len(signals)} raised")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for signal in signals:
        lines = [f"{each.subject}: {each.text}" for each in signal.evidence[:_SHOWN]]
        if len(signal.evidence) > _SHOWN:
            lines.append(f"and {len(signal.evidence) - _SHOWN} more")
        evidence = Text("\n").join(safe(line) for line in lines)
        table.add_row(f"  {_QUESTION[signal.id]}", _ANSWER[signal.raised], evidence)
    return table


def skipped_table(skipped: Sequence[Skipped]) -> RenderableType:
    """What was not looked at, and why."""
    table = section("Not looked at", str(sum(each.count for each in skipped)))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=36)
    table.add_column(overflow="fold")
    for each in skipped:
        table.add_row(f"  {each.kind}", str(each.count), safe(each.subject), safe(each.reason))
    return table


def digests_table(inventory: Inventory) -> RenderableType:
    """How many digests were computed, and which claims turned out to be lies."""
    files = [file for model in inventory.models for file in model.files]
    computed = sum(1 for file in files if file.sha256)
    table = section("Digests", f"{computed} of {len(files)} files")
    table.add_column(overflow="fold")
    lies = [
        (model, finding)
        for model in inventory.models
        for finding in model.findings
        if finding.check == "digest-mismatch"
    ]
    claims = sum(1 for file in files if file.sha256_claimed or file.git_sha1_claimed)
    table.add_row(f"  {claims - len(lies)} of {claims} claims hold")
    for model, finding in lies:
        style = SEVERITY_STYLE[finding.severity]
        table.add_row(Text("  ") + safe(f"{model.name}  {finding_line(finding)}", style))
    return table
