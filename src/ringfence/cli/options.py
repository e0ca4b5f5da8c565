"""Options that several commands have, and the words that they take."""

import argparse
from pathlib import Path

from ringfence.cli.sizes import parse_size

__all__ = [
    "BILL_FORMATS",
    "REPORT_FORMATS",
    "SEVERITIES",
    "SIGNALS",
    "STANDINGS",
    "USES",
    "VERDICTS",
    "add_budget",
    "add_fail_on",
    "add_feed",
    "add_format",
    "add_policy_use",
    "add_report_format",
    "named_path",
]

# The words of `core.findings.Severity`, `core.inventory.SignalId` and `app.bom.BillFormat`, spelled out here
# because importing them costs more than all the rest of `ringfence --version`; a test holds them together.
SEVERITIES = ("info", "low", "medium", "high", "critical")
VERDICTS = ("known-library", "unknown", "inconclusive", "suspicious", "malicious")
STANDINGS = ("unreviewed", "review", "forbidden")
SIGNALS = ("large-artifacts", "local-servers", "offline-accelerator", "unrecorded-code", "license-ambiguity")
REPORT_FORMATS = ("table", "json", "sarif", "cyclonedx", "spdx", "html", "markdown")
USES = ("experiment", "internal", "production", "distribution")
BILL_FORMATS = ("cyclonedx-1.6", "cyclonedx-1.7", "spdx-3.0")


def named_path(text: str) -> Path:
    """The path, which must be one: an empty text is a variable that was never set, and no folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path names nothing; this folder is .")
    return Path(text)


def add_feed(parser: argparse.ArgumentParser) -> None:
    """What a company knows of models."""
    parser.add_argument(
        "--feed",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="digests known bad, approved names or known templates to hold models against (may be repeated)",
    )


def add_policy_use(parser: argparse.ArgumentParser) -> None:
    """What the policy is asked, and whether the answer is recorded."""
    parser.add_argument(
        "--purpose", choices=USES, help="what models are judged for by the policy, default experiment"
    )
    parser.add_argument("--no-record", action="store_true", help="do not write to the ledger what was seen")


def add_budget(parser: argparse.ArgumentParser) -> None:
    """What judging one file may cost."""
    budget = parser.add_argument_group("budget of each file; what goes beyond is inconclusive")
    for option, dest, kind, metavar, what in _BUDGET:
        budget.add_argument(
            option, dest=dest, type=kind, metavar=metavar, default=argparse.SUPPRESS, help=what
        )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; try 30")
    return seconds


def _count(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; try 1000")
    return int(text)


# Options that change what judging a file may cost, with the fields of `app.judging.Allowed`.
_BUDGET = (
    ("--max-seconds", "seconds", _seconds, "N", "time, default 120"),
    ("--max-read", "read_bytes", parse_size, "SIZE", "bytes read, default 2 GiB"),
    ("--max-inflated", "inflated_bytes", parse_size, "SIZE", "bytes out of compressed data, default 4 GiB"),
    ("--max-files", "files", _count, "N", "files within it, default 100,000"),
    ("--max-memory", "memory_bytes", parse_size, "SIZE", "memory of the process that judges, default 4 GiB"),
)


def add_fail_on(parser: argparse.ArgumentParser, choices: tuple[str, ...]) -> None:
    """What makes the exit status 1."""
    parser.add_argument(
        "--fail-on",
        action="append",
        default=[],
        choices=choices,
        metavar="WHAT",
        help=f"exit 1 on any of: {', '.join(choices)} (a severity includes the worse ones; may be repeated)",
    )


def add_report_format(parser: argparse.ArgumentParser) -> None:
    """As a table, a document or a report."""
    formats = ", ".join(REPORT_FORMATS)
    parser.add_argument(
        "--format",
        choices=REPORT_FORMATS,
        default=REPORT_FORMATS[0],
        metavar="FORMAT",
        help=f"one of: {formats} (default: table); cyclonedx is 1.6 and spdx 3.0, `ringfence bom` has more",
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="the same as --format json"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("-"), metavar="FILE", help="default: -, standard output"
    )


def add_format(parser: argparse.ArgumentParser, *more: str) -> None:
    """As a table, a document, or what `more` names."""
    parser.add_argument("--format", choices=("table", "json", *more), default="table", help="default: table")
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="the same as --format json"
    )
