"""`ringfence policy test`: tries a policy on its cases."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.app.documents import document
from ringfence.app.policy.cases import PolicyTested, case_files, run_cases
from ringfence.cli.console import one_line, safe, show
from ringfence.cli.policies.loading import policy_of
from ringfence.cli.streams import write
from ringfence.cli.tables.section import first_rows, heading
from ringfence.core.errors import ExitCode

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Tries all cases."""
    started_at = datetime.now(UTC)
    result = run_cases(policy_of(options), case_files(options.cases), started_at=started_at)
    if options.format == "json":
        write(document("ringfence.policy-test/1", result) + "\n")
    else:
        show(_told(result))
    fails = result.failed or result.problems or ("uncovered" in options.fail_on and result.uncovered)
    return ExitCode.FAILED_AS_ASKED if fails else ExitCode.DONE


def _told(result: PolicyTested) -> Iterator[RenderableType]:
    for problem in result.problems:
        yield one_line(str(problem), "red")
        yield Padding(safe(problem.hint, chars=2000), (0, 0, 0, 4))
    rows, rest = first_rows(result.failed)
    for failed in rows:
        yield safe(f"{failed.at}: {failed.name}", "bold", chars=1000)
        for each in failed.differing:
            yield safe(f"  - {each.what}: {each.expected}  ({each.at})", "red", chars=1000)
            by = f"  ({failed.decided_by})" if failed.decided_by else ""
            yield safe(f"  + {each.what}: {each.found}{by}", "green", chars=1000)
    if rest:
        yield Text(rest)
    yield Text(f"{result.passed} passed, {len(result.failed)} failed", "red" if result.failed else "green")
    if result.uncovered:
        yield heading("Rules that no case reaches", f"{len(result.uncovered)} of {result.rules}")
        covered, rest = first_rows(result.uncovered)
        for rule in covered:
            yield safe(f"  {rule.rule}  {rule.at}", chars=1000)
        if rest:
            yield Text(rest)
