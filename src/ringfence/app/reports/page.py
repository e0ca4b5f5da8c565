"""A report as one HTML page that needs nothing else: no script, no address, no font from elsewhere.

Hidden characters of every value are spelled out, and then it is escaped (autoescape). The page's content
security policy permits its own style and nothing besides.
"""

import base64
import hashlib
from pathlib import Path

from ringfence.app.reports import words
from ringfence.app.reports.located import Located
from ringfence.app.reports.report import Report, by_check
from ringfence.core.check_docs import check_named
from ringfence.core.limits import LIMITS
from ringfence.core.sizes import show_size
from ringfence.core.text import printable
from ringfence.core.verdicts import Verdict

__all__ = ["page"]

_FOLDER = Path(__file__).parent


def page(report: Report) -> str:
    """The page's text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def harmless(value: object) -> object:
        return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    template = environment.from_string((_FOLDER / "page.html.jinja").read_text(encoding="utf-8"))
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    return template.render(
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
        style=Markup(style),  # noqa: S704 - our own file
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
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
