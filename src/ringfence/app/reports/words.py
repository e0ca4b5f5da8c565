"""The sentences that the reports for people share."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ringfence.app.reports.located import Located
from ringfence.app.reports.report import Report
from ringfence.core.findings import Severity
from ringfence.core.models import Model
from ringfence.core.text import clip, printable
from ringfence.core.verdicts import Verdict

__all__ = [
    "ANSWERS",
    "MEANINGS",
    "alias",
    "counted",
    "formats",
    "headline",
    "license_of",
    "name_of",
    "obligations",
    "place",
    "shows_standings",
    "skipped_total",
    "standing_of",
]

MEANINGS = {
    Verdict.CLEAN: "Everything was examined and nothing in it can act.",
    Verdict.KNOWN_LIBRARY: "It acts through classes of well-known libraries only.",
    Verdict.UNKNOWN: "It refers to code that nobody has looked at.",
    Verdict.INCONCLUSIVE: "A part could not be examined, so nobody can call it clean.",
    Verdict.SUSPICIOUS: "It has what no honest file has. Do not load it before somebody has looked at it.",
    Verdict.MALICIOUS: "Loading or using it does harm. Do not load it.",
}
ANSWERS = {True: "yes", False: "no", None: "not looked at"}


def headline(report: Report) -> str:
    """What it comes down to, in a few words."""
    if report.verdict is not None:
        return report.verdict.value
    worst = report.findings[0].finding.severity if report.findings else None
    if worst is not None and worst >= Severity.MEDIUM:
        return f"{worst} findings"
    return "nothing serious found" if report.complete else "incomplete"


def counted(report: Report) -> list[tuple[Severity, int]]:
    """How many findings of each severity, the worst first; none of those that do not occur."""
    counts = Counter(each.finding.severity for each in report.findings)
    return [(severity, counts[severity]) for severity in reversed(Severity) if counts[severity]]


def formats(model: Model) -> str:
    """The formats of its files, the most frequent first."""
    if model.remote:
        return "cloud"
    counts = Counter(file.format for file in model.files if file.format)
    return " ".join(name for name, _ in counts.most_common()) or "-"


def license_of(model: Model) -> str:
    """The license that counts, without the prefixes that SPDX asks for."""
    if model.remote:
        return "-"
    stated = model.effective_license or "none stated"
    return printable(stated.removeprefix("LicenseRef-").removeprefix("scancode-"))


def obligations(models: Iterable[Model]) -> list[tuple[str, tuple[str, ...]]]:
    """What each license asks of whoever uses the models, each set once; by the license's name."""
    found = {
        (license_of(model), tuple(each.text for each in model.obligations))
        for model in models
        if model.obligations
    }
    return sorted(found)


def name_of(model: Model) -> str:
    """Its name and what its store calls this version."""
    revision = f"@{model.revision.removeprefix('sha256:')[:12]}" if model.revision else ""
    return clip(printable(model.name + revision), chars=200)


def place(path: Path | None, root: Path) -> str:
    """A file as the reader would name it from where ringfence was run; "" for none."""
    if path is None:
        return ""
    return printable(str(path.relative_to(root) if path.is_relative_to(root) else path))


def alias(each: Located, root: Path) -> str:
    """What a finding calls its subject where the file's name does not say so, such as a model; or ""."""
    name = each.finding.subject.partition("!/")[0]
    return "" if each.path is None or place(each.path, root).endswith(name) else name


def skipped_total(report: Report) -> int:
    """How many things were not looked at."""
    return sum(each.count for each in report.skipped)


def shows_standings(report: Report) -> bool:
    """Whether the policy says anything that a table of models should tell."""
    return any(model.standing is not None and not model.standing.is_quiet for model in report.models)


def standing_of(model: Model) -> str:
    """Its word, or "-" where nobody judged it."""
    return model.standing.word.value if model.standing else "-"
