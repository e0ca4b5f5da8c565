"""Finds chat templates that act on what people write: a backdoor that sleeps until a word comes up.

Templates choose by roles, by tools and by marks; what they add then are marks, too. One that looks for
ordinary words, lengths or dates, and adds words of its own when they come up, speaks in somebody's name.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING

from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.instructions import foreign_addresses, is_mark, words
from ringfence.artifacts.texts.template_constants import Constant, value_of
from ringfence.artifacts.texts.template_flow import Flow, variable
from ringfence.artifacts.texts.template_syntax import walk
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["judge_conditions"]

_TESTED = frozenset(("startswith", "endswith", "find", "rfind", "index", "rindex", "count", "removeprefix"))
_CUT = frozenset(("split", "rsplit", "partition", "rpartition"))
_EQUALITY = frozenset(("equalto", "eq", "==", "ne", "!=", "in", "sameas", "search", "match", "contains"))
_CHOOSING = frozenset(("select", "reject", "selectattr", "rejectattr"))
_LOOP_PLACES = frozenset(("index", "index0", "revindex", "revindex0", "length"))
_FEW = 3  # lengths and places up to here tell a first message from a second
# What people write to switch reasoning on and off, as the publishers of these models tell them to.
_SWITCH = re.compile(
    r"/?(?:no_?|system_)?think(?:ing)?|/system_override|<<SYS>>|detailed thinking(?: on| off)?\s*"
)
# Keys of messages and kinds of their parts, which `in` looks for as it does for words.
_KEYS = frozenset(
    (
        *("content", "text", "image", "image_url", "video", "video_url", "audio", "audio_url", "input_audio"),
        *("role", "name", "type", "tools", "tool", "function", "thinking", "reasoning", "documents", "file"),
        *("citations", "functions", "parameters", "system", "user", "assistant", "json", "prefix", "images"),
        "document",
    )
)
_ADVICE = "do not use it; take the template of the model's publisher"


class _Kind(Enum):
    WORDS = "ordinary words"
    MARK = "a mark"
    SIZE = "a length"
    DATE = "the date"


_ENOUGH_WORDS = {_Kind.WORDS: 2, _Kind.MARK: 4, _Kind.SIZE: 4, _Kind.DATE: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trigger:
    kind: _Kind
    line: int
    shown: str


def judge_conditions(tree: "nodes.Template", flow: Flow) -> Iterator[Spotted]:
    """Where what the template says depends on what a message says, and where it changes what one says."""
    from jinja2 import nodes

    found = _Conditions(flow)
    everything = list(walk(tree))
    found.find_decided(everything)
    told: set[int] = set()  # triggers that a statement around them was found for
    for node in everything:
        if isinstance(node, nodes.Filter | nodes.Call):
            yield from _rewrites(node, flow)
        for trigger, said in found.acted_on(node):
            if trigger.line in told:
                continue
            enough = words(said) >= _ENOUGH_WORDS[trigger.kind] or any(foreign_addresses(said))
            if enough or trigger.kind is _Kind.WORDS:
                told |= {trigger.line} if enough else set()
                yield _spotted(trigger, said if enough else "")


class _Conditions:
    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._decided: dict[str, _Trigger] = {}  # variables that are set because of a trigger

    def find_decided(self, everything: Iterable["nodes.Node"]) -> None:
        """Fills in which variables remember that a trigger came up."""
        from jinja2 import nodes

        for _ in range(2):
            for node in everything:
                match node:
                    case nodes.If() if triggers := [*self._triggers(node.test, decided=True)]:
                        for each in (inner for arm in _arms(node) for inner in walk(arm)):
                            if isinstance(each, nodes.Assign) and not self._flow.is_text(each.node):
                                self._decided.setdefault(variable(each.target), triggers[0])
                    case nodes.Assign() if triggers := [*self._triggers(node.node, decided=True)]:
                        if not self._flow.is_text(node.node):
                            self._decided.setdefault(variable(node.target), triggers[0])
        self._decided.pop("", None)

    def acted_on(self, node: "nodes.Node") -> Iterator[tuple[_Trigger, str]]:
        """Triggers that the statement looks for, each with the words of the template that depend on it."""
        from jinja2 import nodes

        match node:
            case nodes.If():
                yield from self._with(self._triggers(node.test, decided=True), _arms(node))
            case nodes.For():
                chosen = [node.iter, *([node.test] if node.test else [])]
                triggers = [each for part in chosen for each in self._triggers(part, decided=True)]
                triggers += self._leaving(node)
                yield from self._with(triggers, [*node.body, *node.else_])
            case nodes.Output():
                for each in node.nodes:
                    found = self._triggers(each, decided=isinstance(each, nodes.CondExpr))
                    yield from self._with(found, [each])
            case nodes.Assign():
                found = self._triggers(node.node, decided=isinstance(node.node, nodes.CondExpr))
                yield from self._with(found, [node.node])

    def _with(
        self, triggers: Iterable[_Trigger], parts: list["nodes.Node"]
    ) -> Iterator[tuple[_Trigger, str]]:
        said: str | None = None
        for trigger in triggers:
            said = self._said(parts) if said is None else said
            yield trigger, said

    def _leaving(self, loop: "nodes.For") -> Iterator[_Trigger]:
        """Triggers that leave the loop, or one turn of it, early: what stands behind depends on them."""
        from jinja2 import nodes

        for node in (each for part in loop.body for each in walk(part)):
            if isinstance(node, nodes.If) and any(
                isinstance(each, nodes.Break | nodes.Continue) for arm in _arms(node) for each in walk(arm)
            ):
                yield from (each for each in self._triggers(node.test) if each.kind is _Kind.WORDS)

    def _triggers(self, expression: "nodes.Node", *, decided: bool = False) -> Iterator[_Trigger]:
        from jinja2 import nodes

        for node in walk(expression):
            if decided and (known := self._decided.get(variable(node))):
                yield known
            match node:
                case nodes.Compare():
                    yield from self._compared(node)
                case nodes.Test() if node.name in _EQUALITY and self._flow.is_text(node.node):
                    yield from self._looked_for(node.args, node)
                case nodes.Filter() if node.name in _CHOOSING and node.node is not None:
                    yield from self._selected(node)
                case nodes.Call(node=nodes.Getattr(node=of, attr=method)):
                    if method in _TESTED | _CUT and self._flow.is_text(of):
                        found = self._looked_for(node.args, node)
                        yield from (e for e in found if method in _TESTED or e.kind is _Kind.WORDS)
                    elif method == "get" and self._is_table(of) and any(map(self._flow.is_text, node.args)):
                        yield _Trigger(kind=_Kind.WORDS, line=node.lineno, shown="a table of texts")
                case nodes.Getitem() if self._flow.is_text(node.arg) and self._is_table(node.node):
                    yield _Trigger(kind=_Kind.WORDS, line=node.lineno, shown="a table of texts")

    def _is_table(self, node: "nodes.Node") -> bool:
        from jinja2 import nodes

        return isinstance(node, nodes.Dict) or variable(node) in self._flow.tables

    def _compared(self, node: "nodes.Compare") -> Iterator[_Trigger]:
        sides = [node.expr, *(each.expr for each in node.ops)]
        values = [value_of(each, self._flow.names) for each in sides]
        if any(self._flow.is_text(each) for each in sides):
            yield from self._looked_for(sides, node)
        if any(self._is_size(each) for each in sides) and any(_is_many(each) for each in values):
            yield _Trigger(kind=_Kind.SIZE, line=node.lineno, shown=f"{max(filter(_is_many, values))}")  # type: ignore[type-var]
        if any(self._flow.is_date(each) for each in sides) and any(each is not None for each in values):
            yield _Trigger(kind=_Kind.DATE, line=node.lineno, shown=str(next(filter(None, values), "")))

    def _is_size(self, node: "nodes.Node") -> bool:
        """Whether it is how long the talk or a message is."""
        from jinja2 import nodes

        for each in walk(node):
            match each:
                case nodes.Filter(name="length" | "count" | "wordcount", node=nodes.Node() as of) if (
                    self._flow.is_text(of)
                ):
                    return True
                case nodes.Getattr(node=nodes.Name(name="loop"), attr=place) if place in _LOOP_PLACES:
                    return True
        return False

    def _selected(self, node: "nodes.Filter") -> Iterator[_Trigger]:
        """`messages|selectattr("content", "equalto", "…")` and `|select("search", "…")`."""
        first = value_of(node.args[0], self._flow.names) if node.args else None
        by_text = first in ("content", "text") or not node.name.endswith("attr")
        if by_text and node.node is not None and self._flow.is_text(node.node):
            yield from self._looked_for(node.args[2 if node.name.endswith("attr") else 1 :], node)

    def _looked_for(self, among: Iterable["nodes.Node"], node: "nodes.Node") -> Iterator[_Trigger]:
        for each in among:
            for text in _texts(value_of(each, self._flow.names)):
                bare = text.strip()
                if not bare or bare in _KEYS or "_" in bare.strip("_") or _SWITCH.fullmatch(bare):
                    continue
                kind = _Kind.MARK if is_mark(text) else _Kind.WORDS
                yield _Trigger(kind=kind, line=node.lineno, shown=text)

    def _said(self, parts: Iterable["nodes.Node"]) -> str:
        """The template's own words in there, those of the macros that it calls among them."""
        from jinja2 import nodes

        texts: list[str] = []
        left = list(parts)[::-1]
        called: set[str] = set()
        while left:
            node = left.pop()
            match node:
                case nodes.Compare() | nodes.Test() | nodes.Call(node=nodes.Name(name="raise_exception")):
                    continue
                case nodes.Call(node=nodes.Name(name=name)) if name in self._flow.macros:
                    if name not in called:
                        called.add(name)
                        left.extend(self._flow.macros[name].body)
                case nodes.Filter() | nodes.Call(node=nodes.Getattr()):
                    if isinstance(text := value_of(node, self._flow.names), str):
                        texts.append(text)
                        continue
                    of = node.node.node if isinstance(node.node, nodes.Getattr) else node.node
                    left.extend([of] if of is not None else [])
                    continue
                case nodes.Name() if node.name in self._flow.tables and node.name not in called:
                    called.add(node.name)
                    left.append(self._flow.tables[node.name])
                case nodes.Name() if isinstance(text := self._flow.names.get(node.name), str):
                    texts.append(text)
                case nodes.TemplateData() | nodes.Const() | nodes.Concat() | nodes.Add() | nodes.Getitem():
                    if isinstance(text := value_of(node, self._flow.names), str):
                        texts.append(text)
                        continue
                case nodes.If():
                    left.extend(reversed(_arms(node)))
                    continue
            left.extend(reversed(list(node.iter_child_nodes())))
        return " ".join(texts)


def _arms(node: "nodes.If") -> list["nodes.Node"]:
    return [*node.body, *(inner for each in node.elif_ for inner in each.body), *node.else_]


def _texts(value: Constant) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        yield from (each for each in value if isinstance(each, str))


def _is_many(value: Constant) -> bool:
    return isinstance(value, int) and value > _FEW


def _rewrites(node: "nodes.Filter | nodes.Call", flow: Flow) -> Iterator[Spotted]:
    """Replacing words that people wrote by others."""
    from jinja2 import nodes

    match node:
        case nodes.Filter(name="replace", node=nodes.Node() as of, args=[_, _, *_] as arguments):
            pass
        case nodes.Call(node=nodes.Getattr(node=of, attr="replace"), args=[_, _, *_] as arguments):
            pass
        case _:
            return
    old, new = (value_of(each, flow.names) for each in arguments[:2])
    if not (isinstance(old, str) and isinstance(new, str) and flow.is_text(of)):
        return
    changes = not is_mark(old) and re.fullmatch(r"[\w .:/-]*[^\W_][\w .:/-]*", old) and ":" not in old[-2:]
    if changes or words(new) >= _ENOUGH_WORDS[_Kind.MARK] or any(foreign_addresses(new)):
        yield Spotted(
            check="template-changes-messages",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=None,
            evidence=(f"line {node.lineno}: {old!r} becomes {new!r}"[: LIMITS.evidence_chars],),
            advice=_ADVICE,
        )


def _spotted(trigger: _Trigger, said: str) -> Spotted:
    clear = trigger.kind is _Kind.WORDS
    evidence = (f"line {trigger.line}: looks for {trigger.kind.value}: {trigger.shown}",)
    return Spotted(
        check="template-acts-on-messages" if said else "template-reads-messages",
        severity=Severity.HIGH if said else Severity.LOW,
        confidence=Confidence.LIKELY if said and clear else Confidence.POSSIBLE,
        at=None,
        evidence=(*evidence, *([f"says then: {' '.join(said.split())}"] if said else [])),
        advice=_ADVICE if said else "look at what it does when these words come up",
    )
