"""A report as Markdown, for pull requests and tickets.

Foreign text stands in code spans only, where it is neither markup nor a link nor a mention of anybody.

Source: GitHub Flavored Markdown, chapters Code spans and Tables.
"""

import re
from collections.abc import Iterable, Iterator

from ringfence.app.reports import words
from ringfence.app.reports.located import Located
from ringfence.app.reports.report import Report, by_check
from ringfence.core.check_docs import check_named
from ringfence.core.limits import LIMITS
from ringfence.core.sizes import show_size
from ringfence.core.text import printable

__all__ = ["markdown"]

_TICKS = re.compile("`+")


def markdown(report: Report) -> str:
    """The report's text, which ends without a line break."""
    lines = [*_summary(report), *_findings(report), *_models(report), *_signals(report), *_skipped(report)]
    lines.append(f"\n<sub>{report.started_at:%Y-%m-%d %H:%M} UTC, ringfence {report.tool_version}</sub>")
    return "\n".join(lines)


def _summary(report: Report) -> Iterator[str]:
    yield f"# ringfence {report.command}: {words.headline(report)}"
    yield f"\n{_code(report.about)}"
    if report.verdict is not None:
        reasons = ", ".join(_code(each) for each in report.reasons)
        of_whom = "The worst model: " if report.command == "scan" else ""
        yield f"\n{of_whom}{words.MEANINGS[report.verdict]}" + (f" Because of {reasons}." if reasons else "")
    if report.leaves_out:
        yield f"\nNot examined, and so not part of the verdict: {', '.join(report.leaves_out)}."
    if not report.complete:
        yield "\n**Incomplete:** a part could not be examined."
    for each in report.unsettled:
        yield f"\n**Not settled:** what was seen is {_code(each)}."
    counts = [f"{count} {severity}" for severity, count in words.counted(report)] or ["no findings"]
    counts += [f"{len(report.models)} models", f"{len(report.files)} files"]
    yield f"\n{', '.join(counts)}"


def _findings(report: Report) -> Iterator[str]:
    if report.findings:
        yield "\n## Findings"
    for check, found in by_check(report.findings):
        told = check_named(check)
        yield f"\n### {found[0].finding.severity}: {told.title if told else check}"
        yield f"\n{_code(check)}" + (f": {told.meaning}" if told else "")
        yield f"\nWhat to do: {_code(found[0].finding.advice)}\n"
        yield from (_finding(each, report) for each in found[: LIMITS.report_places])
        yield from _rest(found, LIMITS.report_places)


def _finding(each: Located, report: Report) -> str:
    found = each.finding
    where = _code(words.place(each.path, report.root) or found.subject)
    inside = f" in {_code(each.inside)}" if each.inside else ""
    at = f" at byte {found.offset}" if found.offset is not None else ""
    alias = words.alias(each, report.root)
    about = f", {_code(alias)}" if alias else ""
    evidence = "".join(f"\n  - {_code(text)}" for text in found.evidence)
    return f"- {where}{inside}{at} ({found.severity}, {found.confidence}{about}){evidence}"


def _models(report: Report) -> Iterator[str]:
    if not report.models:
        return
    yield "\n## Models\n"
    policy = ("Policy",) if words.shows_standings(report) else ()
    yield from _table_head("Model", "Verdict", *policy, "Format", "Size", "License")
    for model in report.models[: LIMITS.report_rows]:
        size = "-" if model.remote else show_size(model.size_bytes)
        verdict = model.verdict.value if model.verdict else "-"
        standing = (words.standing_of(model),) if policy else ()
        about = (words.formats(model), size, _code(words.license_of(model)))
        yield _row(_code(words.name_of(model)), verdict, *standing, *about)
    yield from _rest(report.models, LIMITS.report_rows)
    asked = words.obligations(report.models)[: LIMITS.report_rows]
    if asked:
        yield "\n### What their licenses ask\n"
    yield from (f"- {_code(license_)}: {_code('; '.join(texts))}" for license_, texts in asked)


def _signals(report: Report) -> Iterator[str]:
    if not report.signals:
        return
    yield "\n## Signals of shadow AI\n"
    yield from _table_head("Signal", "Raised", "Because of")
    for signal in report.signals:
        shown = signal.evidence[:3] if signal.raised else ()
        because = ", ".join(_code(f"{each.subject}: {each.text}") for each in shown)
        yield _row(signal.id.heading, words.ANSWERS[signal.raised], because)


def _skipped(report: Report) -> Iterator[str]:
    if not report.skipped:
        return
    yield "\n## Not looked at\n"
    yield from _table_head("What", "Where", "Why")
    for each in report.skipped[: LIMITS.report_rows]:
        yield _row(f"{each.count} {each.kind}", _code(each.subject), _code(each.reason))
    yield from _rest(report.skipped, LIMITS.report_rows)


def _table_head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("-" for _ in names))


def _row(*cells: str) -> str:
    """Cells are parted before code spans are found, so bars are spelled out."""
    return f"| {' | '.join(cell.replace('|', chr(92) + 'x7c') for cell in cells)} |"


def _rest(items: Iterable[object], shown: int) -> Iterator[str]:
    more = len(tuple(items)) - shown
    if more > 0:
        yield f"\nand {more} more: see `--format json`"


def _code(text: str) -> str:
    """The text as a code span, fenced by more backticks than it has in a row."""
    text = printable(text)
    if not text.strip():
        return ""
    fence = "`" * (max((len(each) for each in _TICKS.findall(text)), default=0) + 1)
    return (
        f"{fence} {text} {fence}" if text.startswith("`") or text.endswith("`") else f"{fence}{text}{fence}"
    )
