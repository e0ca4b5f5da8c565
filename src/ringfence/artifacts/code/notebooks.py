"""Judges the cells of a Jupyter notebook: Python by its syntax, the shell's lines by their text."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.code.pages import Page, judge_pages
from ringfence.artifacts.code.python import judge_python
from ringfence.artifacts.code.python_scopes import When
from ringfence.artifacts.code.scripts import attacks_in
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_cells", "judge_outputs"]

_SHELL: Final = re.compile(
    r"^([ \t]*)(?:[\w, \t]{1,60}=[ \t]*)?[!%?]([^\n]*)$|^([ \t]*)\S[^\n]*\?{1,2}$", re.MULTILINE
)
_OTHER: Final = re.compile(r"\s*%%(?!time|capture|timeit|writefile)\w+")
# Kinds of outputs, with their names of the third version of the format.
_PAGES: Final = ("text/html", "image/svg+xml", "html", "svg")
_SCRIPTS: Final = ("application/javascript", "text/javascript", "javascript")
_CELL_MAGIC: Final = re.compile(r"\A\s*%%[^\n]*\n?")


def judge_cells(notebook: Json) -> Iterator[Spotted]:
    """What running all cells would do.

    Raises:
        Malformed: it has no cells.
    """
    cells = list(_sources(notebook))
    python: list[str] = []
    unread = 0
    for source in cells:
        shell = [source] if _OTHER.match(source) else [found[2] or "" for found in _SHELL.finditer(source)]
        for attack in attacks_in("\n".join(shell)):
            yield Spotted(
                check="script-attack",
                severity=Severity.HIGH,
                confidence=Confidence.LIKELY,
                at=None,
                evidence=(attack,),
                advice="do not run the notebook",
            )
        if not _OTHER.match(source):
            plain = _SHELL.sub(lambda found: f"{found[1] or found[3] or ''}pass", _CELL_MAGIC.sub("", source))
            if _is_python(plain):
                python.append(plain)
            else:
                unread += 1
    yield from judge_python("\n".join(python).encode("utf-8", "replace"), runs=When.AS_PROGRAM)
    if unread or any(map(_OTHER.match, cells)):
        yield Spotted(
            check="script",
            severity=Severity.LOW,
            confidence=Confidence.CERTAIN,
            at=None,
            evidence=(f"{unread} cells are not Python, or not finished",),
            advice="read the cells before you run them",
        )


def judge_outputs(notebook: Json, *, budget: Budget) -> Iterator[Spotted]:
    """What opening it in a browser would do, where it is trusted: scripts in what its cells put out.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    page = Page()
    for output in _outputs(notebook):
        for kind, value in output.items():
            lines = value if isinstance(value, list) else [value]
            body = "".join(each for each in lines if isinstance(each, str))
            if kind in _PAGES:
                page.read(body, budget=budget)
            elif kind in _SCRIPTS:
                page.script(body)
    yield from judge_pages(page)


def _outputs(notebook: Json) -> Iterator[dict[str, Json]]:
    """What cells put out, by its kind; in the third version of the format beside other values."""
    for cell in _cells(notebook):
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                data = output.get("data")
                yield data if isinstance(data, dict) else output


def _cells(notebook: Json) -> Iterator[dict[str, Json]]:
    sheets = notebook.get("worksheets") if isinstance(notebook, dict) else None
    for holder in sheets if isinstance(sheets, list) else [notebook]:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        yield from (cell for cell in (cells if isinstance(cells, list) else ()) if isinstance(cell, dict))


def _sources(notebook: Json) -> Iterator[str]:
    if not isinstance(notebook, dict):
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="no notebook: not a mapping")
    sheets = notebook.get("worksheets")
    holders = sheets if isinstance(sheets, list) else [notebook]
    found = False
    for holder in holders:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else ():
            found = True
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                source = cell.get("source", cell.get("input", ""))
                lines = source if isinstance(source, list) else [source]
                yield "".join(each for each in lines if isinstance(each, str))
        found = found or isinstance(cells, list)
    if not found:
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="no notebook: it has no cells")


def _is_python(text: str) -> bool:
    if len(text) > LIMITS.python_bytes:
        return False
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
