"""The verdict with its reasons, then each model with everything that is known of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ringfence.app.inspect import Inspection
from ringfence.cli.console import safe
from ringfence.cli.shortening import from_here
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.models import name_of
from ringfence.cli.tables.section import SEVERITY_STYLE, heading
from ringfence.cli.tables.standings import STYLE as STANDING_STYLE
from ringfence.cli.tables.standings import because
from ringfence.cli.tables.summary import skipped_table
from ringfence.cli.tables.verdicts import MEANING, STYLE
from ringfence.core.facts import FactValue
from ringfence.core.findings import Finding
from ringfence.core.models import Model, ModelFile
from ringfence.core.verdicts import Verdict

__all__ = ["details"]

_SHOWN_MODELS = 50
_SHOWN_FILES = 20
_SHOWN_FINDINGS = 50
_SHOWN_SUBJECTS = 3
_SHOWN_REASONS = 4
_VALUE_CHARS = 300


def details(result: Inspection) -> Iterator[RenderableType]:
    """The verdict, what led to it, each model in turn, then what was not looked at."""
    yield from _verdict(result)
    alike = _alike(result.findings)
    names = _names(result.models)
    for same in alike[:_SHOWN_FINDINGS]:
        yield Padding(_finding(same, names), (0, 0, 0, 2))
    if rest := sum(map(len, alike[_SHOWN_FINDINGS:])):
        yield Text(f"  and {rest} more findings: see --json", "dim")
    for model in result.models[:_SHOWN_MODELS]:
        yield heading(name_of(model), f"{model.store or ''} {show_size(model.size_bytes)}".strip())
        yield Text(f"  id  {model.id or 'unknown until every file is hashed'}")
        yield Padding(_about(model), (0, 0, 0, 2))
        for file in model.files[:_SHOWN_FILES]:
            yield from _file(file)
        if len(model.files) > _SHOWN_FILES:
            yield Text(f"  and {len(model.files) - _SHOWN_FILES} more files", "dim")
    if len(result.models) > _SHOWN_MODELS:
        yield Text(f"\nand {len(result.models) - _SHOWN_MODELS} more models: see --json", "dim")
    if result.skipped:
        yield skipped_table(result.skipped)


def _verdict(result: Inspection) -> Iterator[RenderableType]:
    """One line that can be acted on, what it covers, and what is in the files when there are several."""
    style = STYLE[result.verdict]
    line = Text(result.verdict, f"bold {style}")
    if result.reasons:
        line.append(f"  {', '.join(result.reasons[:_SHOWN_REASONS])}", style)
    yield line
    found = result.judged or result.skipped
    yield safe(f"  {MEANING[result.verdict] if found else 'there is no file in this folder'}")
    if result.leaves_out:
        yield safe(f"  not examined: {'; '.join(result.leaves_out)}", "dim")
    if len(result.judged) > 1:
        counts = Counter(file.verdict for file in result.judged)
        shown = ", ".join(f"{counts[each]} {each}" for each in reversed(Verdict) if counts[each])
        yield Text(f"  {len(result.judged)} files: {shown}")
    elif result.judged and not result.models:
        (file,) = result.judged
        kind = file.format or "no known format"
        yield safe(f"  {from_here(file.path)}  {kind}  {show_size(file.size_bytes)}")


def _columns() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    return table


def _about(model: Model) -> Table:
    table = _columns()
    table.add_row("location", safe(from_here(model.location)))
    if model.standing is not None and not model.standing.is_quiet:
        line = safe(model.standing.word, STANDING_STYLE[model.standing.word])
        table.add_row("policy", line.append_text(safe(f"  {because(model.standing)}")))
    table.add_row("license", safe(model.effective_license or "none stated"))
    for claim in model.licenses:
        table.add_row("  stated", safe(f"{claim.expression} ({claim.source})"))
    for obligation in model.obligations:
        table.add_row("  asks", safe(obligation.text))
    return table


def _file(file: ModelFile) -> Iterator[RenderableType]:
    size = show_size(file.size_bytes)
    line = safe(f"{file.name}  {file.format or 'no model format'}  {size}", "bold")
    yield Padding(line, (0, 0, 0, 2))
    yield _digest(file)
    table = _columns()
    for name, value in file.facts.items():
        table.add_row(name.replace("_", " "), safe(_shown(value), chars=_VALUE_CHARS))
    yield Padding(table, (0, 0, 0, 4), expand=False)


def _shown(value: FactValue) -> str:
    match value:
        case tuple():
            return ", ".join(value)
        case int():
            return f"{value:,}"
        case str():
            return value


def _digest(file: ModelFile) -> Text:
    if file.sha256 is not None:
        return Text(f"    sha256 {file.sha256}")
    claimed = file.sha256_claimed
    return Text(f"    claimed {claimed}" if claimed else "    sha256 not computed", "yellow")


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Those that say the same of several files together, in the order of the first of each."""
    found: dict[tuple[str, tuple[str, ...], str], list[Finding]] = {}
    for each in findings:
        found.setdefault((each.check, each.evidence, each.advice), []).append(each)
    return list(found.values())


def _names(models: Sequence[Model]) -> dict[str, str]:
    """What to call the file of a finding, by its fingerprint, where several models have such a file."""
    if len(models) == 1:
        return {}
    return {
        each.fingerprint: f"{each.subject} of {name_of(model)}"
        for model in models
        for each in model.findings
        if each.subject not in (model.name, name_of(model))
    }


def _finding(same: Sequence[Finding], names: Mapping[str, str]) -> Group:
    first = same[0]
    where = f" at byte {first.offset}" if first.offset is not None and len(same) == 1 else ""
    subjects = tuple(dict.fromkeys(names.get(each.fingerprint, each.subject) for each in same))
    more = f" and {len(subjects) - _SHOWN_SUBJECTS} more" if len(subjects) > _SHOWN_SUBJECTS else ""
    style = SEVERITY_STYLE[first.severity]
    beneath = (*(safe(text, style) for text in first.evidence), safe(first.advice))
    return Group(
        safe(f"{first.severity} {first.check}  {', '.join(subjects[:_SHOWN_SUBJECTS])}{more}{where}", style),
        *(Padding(text, (0, 0, 0, 2)) for text in beneath),
    )
