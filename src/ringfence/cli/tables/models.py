"""The models, store by store."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ringfence.artifacts.examine import surely_weights
from ringfence.cli.console import safe
from ringfence.cli.shortening import Shorten
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.section import SEVERITY_STYLE, finding_line, first_rows, heading
from ringfence.core.facts import FactName
from ringfence.core.findings import Severity
from ringfence.core.models import Model

__all__ = ["models_table", "name_of"]

_SHOWN_FINDINGS = 3
_FOLD_FROM = 5
_SMALL_BYTES = 1 << 20


def models_table(models: Sequence[Model], shorten: Shorten = str) -> RenderableType:
    """All models under their stores, loose files under their folders, findings beneath each."""
    size = show_size(sum(model.size_bytes for model in models))
    parts: list[RenderableType] = [heading("Models", f"{len(models)}, {size}" if models else "none found")]
    several, folded = _folded(tuple(models))
    shown, more = first_rows(sorted(several, key=_urgency))
    for (_, store, folder), members in groupby(sorted(shown, key=_order), key=_place):
        parts.append(safe(store or f"loose files in {shorten(f'{folder}/')}", "cyan"))
        parts.extend(_rows(members))
    if more:
        parts.append(Text(more, "dim"))
    if folded:
        parts.append(_fold(folded))
    return Group(*parts)


def name_of(model: Model) -> str:
    """The model's name, with a revision short enough to read."""
    if not model.revision:
        return model.name
    revision = model.revision.removeprefix("sha256:")
    short = revision[:7] if len(revision) in (40, 64) else revision
    return f"{model.name}@{short}"


def _place(model: Model) -> tuple[bool, str, str]:
    """Whether it is loose; its store; the folder it lies in when it has none."""
    loose = model.store is None
    return (loose, model.store or "", str(model.location.parent) if loose else "")


def _order(model: Model) -> tuple[bool, str, str, str, str, str]:
    return (*_place(model), model.name, model.revision or "", str(model.location))


def _urgency(model: Model) -> tuple[int, int]:
    """The worst first, then the largest: where not all can be shown, these must be."""
    worst = max((each.severity.rank for each in model.findings), default=0)
    return (-worst if worst >= Severity.MEDIUM.rank else 0, -model.size_bytes)


def _folded(models: tuple[Model, ...]) -> tuple[tuple[Model, ...], tuple[Model, ...]]:
    """Those shown one by one, and small arrays and pickles that nothing is wrong with: too many to read."""
    small = tuple(model for model in models if _is_small_data(model))
    if len(small) <= _FOLD_FROM:
        return models, ()
    return tuple(model for model in models if not _is_small_data(model)), small


def _is_small_data(model: Model) -> bool:
    return (
        model.store is None
        and model.size_bytes < _SMALL_BYTES
        and not surely_weights(file.format for file in model.files)
        and all(each.severity < Severity.MEDIUM for each in model.findings)
    )


def _fold(models: tuple[Model, ...]) -> Text:
    counted = Counter(file.format for model in models for file in model.files if file.format)
    kinds = ", ".join(f"{count} {name}" for name, count in counted.most_common())
    size = show_size(sum(model.size_bytes for model in models))
    return Text(
        f"and {len(models)} small data files that may hold a model ({kinds}; {size}): see --json", "dim"
    )


def _rows(models: Iterable[Model]) -> Iterable[RenderableType]:
    for model in models:
        row = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False, expand=True)
        row.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        row.add_column(width=12, no_wrap=True, overflow="ellipsis")
        row.add_column(width=8, no_wrap=True, overflow="ellipsis")
        row.add_column(width=8, no_wrap=True, justify="right")
        row.add_column(width=19, no_wrap=True, overflow="ellipsis")
        row.add_row(
            safe("  " + name_of(model)),
            safe(_formats(model)),
            safe(_weights(model)),
            "-" if model.remote else show_size(model.size_bytes),
            _license(model),
        )
        yield row
        worst_first = sorted(
            (each for each in model.findings if each.severity >= Severity.MEDIUM),
            key=lambda each: each.severity,
            reverse=True,
        )
        for finding in worst_first[:_SHOWN_FINDINGS]:
            yield Padding(safe(finding_line(finding), SEVERITY_STYLE[finding.severity]), (0, 0, 0, 4))
        if len(worst_first) > _SHOWN_FINDINGS:
            yield Padding(
                Text(f"and {len(worst_first) - _SHOWN_FINDINGS} more findings", "dim"), (0, 0, 0, 4)
            )


def _license(model: Model) -> Text:
    """The effective license without the prefixes that SPDX asks for."""
    if model.remote:
        return Text("")
    if model.effective_license is None:
        return Text("no license", "yellow")
    short = model.effective_license.removeprefix("LicenseRef-").removeprefix("scancode-")
    return safe(short, "yellow" if short.startswith("unknown") else "")


def _formats(model: Model) -> str:
    if model.remote:
        return "cloud"
    counted = Counter(file.format for file in model.files if file.format)
    return " ".join(name for name, _ in counted.most_common()) or "-"


def _weights(model: Model) -> str:
    """How the weights are stored: the quantisation, else the most frequent data type."""
    for name in (FactName.QUANTIZATION, FactName.DTYPES):
        for file in model.files:
            value = file.facts.get(name)
            if value:
                return str(value[0] if isinstance(value, tuple) else value)
    return ""
