"""A comparison as a person reads it: the dangerous first, then from what acts to what merely differs."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ringfence.app.diff.comparison import (
    Comparison,
    FileChange,
    How,
    Names,
    TensorChanges,
    TextChange,
    TextKind,
    ValueChange,
    VocabularyChange,
)
from ringfence.cli.console import safe
from ringfence.cli.sizes import show_size
from ringfence.cli.tables.section import heading
from ringfence.cli.tables.summary import skipped_table
from ringfence.core.verdicts import Verdict

__all__ = ["comparison_tables"]

_MARK = {How.ADDED: ("+", "green"), How.REMOVED: ("-", "red"), How.CHANGED: ("~", "yellow")}
_LINE_STYLE = {"+": "green", "-": "red", "@": "cyan"}
_INDENT = (0, 0, 0, 2)
_BENEATH = (0, 0, 0, 7)
_READ_LAST = (TextKind.CARD, TextKind.OTHER)  # nothing acts on them
_NOTHING = "(none)"


def comparison_tables(result: Comparison) -> Iterator[RenderableType]:
    """A summary in a line or two, then what changed."""
    yield Group(*_summary(result))
    if result.files:
        yield _files(result.files)
    for text in result.texts:
        if text.kind not in _READ_LAST:
            yield _text(text)
    for vocabulary in result.vocabularies:
        yield _vocabulary(vocabulary)
    for name in dict.fromkeys(each.name for each in result.values):
        yield _values(name, [each for each in result.values if each.name == name])
    for tensors in result.tensors:
        yield _tensors(tensors)
    for text in result.texts:
        if text.kind in _READ_LAST:
            yield _text(text)
    if result.items_left_out:
        yield Text(f"\nand {result.items_left_out} more changes than are told", "yellow")
    if result.skipped:
        yield skipped_table(result.skipped)


def _summary(result: Comparison) -> Iterator[Text]:
    yield Text("  ").join((safe(str(result.old)), Text("→", "dim"), safe(str(result.new))))
    if result.same:
        some = "nothing changed" if result.complete else "nothing that could be examined changed"
        yield Text(some, "green" if result.complete else "yellow")
        return
    counts = (
        (sum(each.is_worse for each in result.files), "verdict for the worse", "bold red"),
        (sum(each.kind is TextKind.TEMPLATE for each in result.texts), "chat template", "bold red"),
        (sum(each.kind is TextKind.CODE for each in result.texts), "code file", "bold red"),
        (len(result.vocabularies), "tokenizer", "yellow"),
        (sum(map(_count, result.tensors)), "tensor", ""),
        (len(result.values), "value", ""),
        (len(result.files), "file", ""),
    )
    told = [Text(_many(count, what), style) for count, what, style in counts if count]
    yield Text("changed: ").append_text(Text(", ").join(told))
    if result.old_license != result.new_license:
        old, new = (each or _NOTHING for each in (result.old_license, result.new_license))
        yield Text("license: ").append_text(_arrow(old, new, "bold red"))


def _count(change: TensorChanges) -> int:
    return sum(each.count for each in (change.changed, change.retyped, change.added, change.removed))


def _many(count: int, what: str) -> str:
    noun, _, rest = what.partition(" for ")
    return f"{count} {noun}{'s' if count != 1 else ''}{' for ' + rest if rest else ''}"


def _arrow(old: str, new: str, style: str = "") -> Text:
    return safe(old, "dim").append(" → ", "dim").append_text(safe(new, style))


def _files(files: Iterable[FileChange]) -> RenderableType:
    known = list(files)
    parts: list[RenderableType] = [heading("Files", str(len(known)))]
    width = max(_verdicts(each).cell_len for each in known)
    for each in known:
        mark, style = _MARK[each.how]
        verdicts = _verdicts(each)
        verdicts.pad_right(width - verdicts.cell_len)
        size = each.new_size_bytes if each.new_size_bytes is not None else each.old_size_bytes
        line = Text("  ").join(
            (Text(mark, style), verdicts, safe(each.name, "bold" if each.is_worse else ""))
        )
        parts.append(Padding(line.append("" if size is None else f"  {show_size(size)}", "dim"), _INDENT))
        parts += (Padding(safe(f, "red" if each.is_worse else "dim"), _BENEATH) for f in each.new_findings)
        if each.imports_added:
            parts.append(Padding(safe(f"imports added: {', '.join(each.imports_added)}", "red"), _BENEATH))
    return Group(*parts)


def _verdicts(change: FileChange) -> Text:
    old, new = change.old_verdict, change.new_verdict
    if old and new and old != new:
        return safe(old, "dim").append(" → ", "dim").append(new, _style(new))
    only = new or old
    return Text(only or "not judged", _style(only) if new else "dim")


def _style(verdict: Verdict | None) -> str:
    if verdict is None or verdict == Verdict.INCONCLUSIVE:
        return "yellow"
    return (
        "bold red" if verdict >= Verdict.SUSPICIOUS else "yellow" if verdict == Verdict.UNKNOWN else "green"
    )


def _text(change: TextChange) -> RenderableType:
    lines = [safe(line, _LINE_STYLE.get(line[:1], "dim")) for line in change.lines]
    if change.lines_left_out:
        lines.append(Text(f"and {change.lines_left_out} more lines", "yellow"))
    return Group(heading(change.name, change.kind), *(Padding(line, _INDENT) for line in lines))


def _columns() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _values(name: str, values: Iterable[ValueChange]) -> RenderableType:
    known = list(values)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(overflow="fold", max_width=36)
    table.add_column(overflow="fold")
    for each in known:
        old, new = (_NOTHING if value is None else value or '""' for value in (each.old, each.new))
        table.add_row(safe(each.key), _arrow(old, new))
    return Group(heading(name, _many(len(known), "value")), Padding(table, _INDENT))


def _vocabulary(change: VocabularyChange) -> RenderableType:
    table = _columns()
    size = str(change.old_size)
    if change.old_size != change.new_size:
        table.add_row("words", _arrow(size, str(change.new_size)))
    if change.merges_differ:
        old, new = (_NOTHING if n is None else str(n) for n in (change.old_merges, change.new_merges))
        table.add_row("merges", Text(f"others, {old} as before") if old == new else _arrow(old, new))
    _add(table, "special", change.special, "red")
    _add(table, "added", change.added, "green")
    _add(table, "removed", change.removed, "red")
    _add(table, "renumbered", change.renumbered, "red")
    return Group(heading(change.name, "tokenizer"), Padding(table, _INDENT))


def _tensors(change: TensorChanges) -> RenderableType:
    table = _columns()
    table.add_row(Text("the same", "dim"), Text(str(change.same), "dim"))
    _add(table, "other values", change.changed, "yellow")
    _add(table, "other type or shape", change.retyped, "yellow")
    _add(table, "added", change.added, "green")
    _add(table, "removed", change.removed, "red")
    return Group(heading(change.name, "tensors"), Padding(table, _INDENT))


def _add(table: Table, what: str, names: Names, style: str) -> None:
    """A row with the count, and one name to a line beneath it."""
    if not names.count:
        return
    lines = [safe(each) for each in names.first]
    if (rest := names.count - len(names.first)) > 0:
        lines.append(Text(f"and {rest} more", "dim"))
    table.add_row(Text(what), Group(Text(str(names.count), style), *lines))
