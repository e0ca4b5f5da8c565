"""`ringfence policy TASK`: one function for each task."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ringfence.app.documents import document
from ringfence.app.policy.check import PolicyCheck, check
from ringfence.app.policy.init import document_text, write_document
from ringfence.app.policy.reading import read_document
from ringfence.app.policy.show import PolicyShown, ShownFile, show
from ringfence.cli.console import one_line, safe
from ringfence.cli.console import show as print_parts
from ringfence.cli.shortening import Shorten, shortener
from ringfence.cli.streams import write
from ringfence.cli.tables.section import first_rows, heading, section
from ringfence.core.errors import ExitCode
from ringfence.core.text import printable
from ringfence.policy.rule import Tier

__all__ = ["run"]

_QUESTIONS = frozenset({"explain", "learn", "test", "diff", "render"})  # a module for each
_MODE_STYLE = {"observe": "dim", "warn": "yellow", "enforce": "bold"}


def run(options: argparse.Namespace) -> int:
    """Does the task."""
    if options.task in _QUESTIONS:
        task: Callable[[argparse.Namespace], int] = import_module(
            f"ringfence.cli.policies.{options.task}"
        ).run
        return task(options)
    match options.task:
        case "init":
            return _init(options)
        case "check":
            return _check(options)
        case "import":
            from ringfence.cli.policies.openshell import run as import_openshell

            return import_openshell(options)
        case _:
            return _show(options)


def _init(options: argparse.Namespace) -> int:
    if str(options.output) == "-":
        write(document_text(strict=options.strict))
        return ExitCode.DONE
    path: Path | None = options.output
    if path is None:
        from ringfence.wiring.policies import own_place

        path = own_place()
    write_document(path, strict=options.strict, makes_folder=options.output is None)
    write(f"{printable(str(path))}\n")
    return ExitCode.DONE


def _check(options: argparse.Namespace) -> int:
    started_at = datetime.now(UTC)
    if options.files:
        tier = Tier[options.tier.upper().replace("-", "_")]
        files = [read_document(path, tier) for path in options.files]
    else:
        from ringfence.wiring.policies import found_documents

        files = found_documents()
    result = check(files, together=not options.files, started_at=started_at)
    if options.format == "json":
        write(document("ringfence.policy-check/1", result) + "\n")
    else:
        print_parts(_checked(result))
    return ExitCode.FAILED_AS_ASKED if result.problems else ExitCode.DONE


def _checked(result: PolicyCheck) -> Iterator[RenderableType]:
    for each in result.good:
        counts = _counted((each.rules, "rule"), (each.exceptions, "exception"), (each.examples, "example"))
        yield safe(f"{each.file}: good; {counts or 'no rules'}")
    rows, rest = first_rows(result.problems)
    for problem in rows:
        yield one_line(str(problem), "red")
        yield Padding(safe(problem.hint, chars=2000), (0, 0, 0, 4))
    if rest:
        yield Text(rest)


def _show(options: argparse.Namespace) -> int:
    from ringfence.wiring.gate import open_door
    from ringfence.wiring.policies import own_folder

    started_at = datetime.now(UTC)
    door = open_door()
    result = show(door.policy(), trouble=door.policies.trouble, started_at=started_at)
    if options.format == "json":
        write(document("ringfence.policy-show/1", result) + "\n")
    else:
        print_parts(_shown(result, shortener([own_folder()])))
    return ExitCode.DONE if result.complete else ExitCode.FAILED_AS_ASKED


def _shown(result: PolicyShown, short: Shorten) -> Iterator[RenderableType]:
    if result.trouble is not None:
        yield Text("the documents as they are now are not in force:", "red")
        yield one_line(result.trouble, "red")
        yield Padding(safe(result.hint or "", chars=1000), (0, 0, 0, 4))
    yield heading("Policy", f"{result.digest[:16]}…")
    for file in result.files:
        yield one_line(f"  {file.tier}  {short(file.name)}")
        yield Padding(Text(_contributed(file)), (0, 0, 0, 4))
    tiers = {file.name: file.tier for file in result.files}
    table = section("Sections", str(len(result.modes)))
    for _ in range(4):
        table.add_column(overflow="fold")
    for each in result.modes:
        where = safe(_where(each.at, tiers)) if each.at else Text("no document says", "dim")
        if each.ceiling:
            where.append("; only its rules allow", "dim")
        mode = Text(each.mode.value, _MODE_STYLE[each.mode.value])
        table.add_row(Text(f"  {each.section}"), mode, Text(_counted((each.rules, "rule"))), where)
    yield table
    if result.never_collected:
        yield heading("Never collected", str(len(result.never_collected)))
        for text in result.never_collected:
            yield Padding(safe(text), (0, 0, 0, 2))


def _where(at: str, tiers: Mapping[str, str]) -> str:
    """The tier and line of a place: of each tier that names modes there is one file."""
    name, _, line = at.rpartition(":")
    return f"{tiers.get(name, name)}, line {line}"


def _contributed(file: ShownFile) -> str:
    counts = _counted((sum(file.rules.values()), "rule"), (file.exceptions, "exception"))
    serial = f"serial {file.serial}" if file.serial is not None else ""
    return ", ".join(filter(None, (counts, *file.values, serial))) or "nothing"


def _counted(*counts: tuple[int, str]) -> str:
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)
