"""A report as one HTML page that needs nothing else."""

from pathlib import Path

from ringfence.app.lone_page import lone_page
from ringfence.app.reports import words
from ringfence.app.reports.located import Located
from ringfence.app.reports.report import Report, by_check
from ringfence.core.check_docs import check_named
from ringfence.core.limits import LIMITS
from ringfence.core.sizes import show_size
from ringfence.core.verdicts import Verdict

__all__ = ["page"]


def page(report: Report) -> str:
    """The page's text."""
    return lone_page(
        Path(__file__).parent,
        report=report,
        words=words,
        size=show_size,
        groups=[_group(check, found) for check, found in by_check(report.findings)],
        rest=_rest,
        shown=LIMITS.report_places,
        models=sorted(report.models, key=lambda each: (-_rank(each.verdict), each.name)),
        obligations=words.obligations(report.models),
        judged=[each for each in report.judged if each.verdict is not Verdict.CLEAN],
        most=LIMITS.report_rows,
    )


def _group(check: str, found: list[Located]) -> dict[str, object]:
    told = check_named(check)
    return {
        "check": check,
        "title": told.title if told else check,
        "meaning": told.meaning.split("`") if told else [],  # every other part is code
        "severity": found[0].finding.severity.value,
        "advice": list(dict.fromkeys(each.finding.advice for each in found))[:3],
        "found": found,
    }


def _rest(items: list[object], shown: int) -> str:
    return f"and {len(items) - shown} more: see --format json" if len(items) > shown else ""


def _rank(verdict: Verdict | None) -> int:
    return -1 if verdict is None else verdict.rank
