"""YAML as a tree in which every key and value knows where it stands.

Read event by event, no tag constructed. What is ambiguous or unbounded in YAML is refused, not interpreted:
anchors and aliases, tags, keys that stand twice, keys that are no text, several documents, tabs that indent,
characters that nobody sees. A scalar stays the text that stands there; what it means depends on the key
(`shapes/`), so that a version is never a number and `no` never a truth value.
"""

import re
import unicodedata
from typing import TYPE_CHECKING, TypeAlias

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.policy.problems import Problems, quoted

if TYPE_CHECKING:
    import yaml

__all__ = ["Listing", "Mapping", "Node", "Scalar", "parse"]

# Not frozen, and told apart by identity: ten thousand rules have two hundred thousand of them.


@dataclass(slots=True, eq=False)
class Scalar:
    """A value without parts."""

    text: str
    is_plain: bool  # neither quoted nor a block of text
    line: int  # from 1
    column: int  # from 1, in characters


@dataclass(slots=True, eq=False)
class Listing:
    """A list."""

    items: "list[Node]"
    line: int
    column: int


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys with values, in the order in which they stand."""

    entries: "dict[str, tuple[Scalar, Node]]"
    line: int
    column: int


Node: TypeAlias = Scalar | Listing | Mapping

_HIDDEN = ("Cf", "Co", "Cs", "Zl", "Zp")
_LONE_RETURN = re.compile(r"\r(?!\n)")  # a line's end for YAML, an overwritten line for who looks at it
# The first ends a line for YAML and for few editors; the others are letters and marks without a form.
_UNSEEN = frozenset("\x85\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_WRITE_OUT = "write the value out where it is needed"


@dataclass(slots=True)
class _Spot:
    line: int
    column: int


def parse(data: bytes, problems: Problems) -> Node | None:
    """The document's tree; None, with the problems added, when there is anything wrong with it."""
    text = _decoded(data, problems)
    if text is None or not _fits(text, problems):
        return None
    import yaml

    before = len(problems.found)
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        tree = _Tree(problems).build(loader(text))
    except yaml.reader.ReaderError as error:
        spot = _spot_at(data[: max(0, error.position)].decode("utf-8", "replace"))
        problems.add(spot, "a character that YAML does not allow", hint="remove the control character")
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = _Spot(mark.line + 1, mark.column + 1) if mark else _Spot(1, 1)
        what = clip(printable(error.problem or "something else"), chars=LIMITS.evidence_chars)
        problems.add(spot, f"not YAML: {what}", hint="look at the indentation, colons and quotes up to there")
        return None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        problems.add(_Spot(1, 1), "not YAML", hint="look at the indentation, colons and quotes")
        return None
    if tree is None and len(problems.found) == before:
        problems.add(_Spot(1, 1), "the document is empty", hint="write one: ringfence policy init")
    return tree if len(problems.found) == before else None


def _decoded(data: bytes, problems: Problems) -> str | None:
    if len(data) > LIMITS.policy_bytes:
        problems.add(
            _Spot(1, 1),
            f"larger than {LIMITS.policy_bytes} bytes",
            hint="split it, or say with globs what many rules say one by one",
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        spot = _spot_at(data[: error.start].decode("utf-8-sig", "replace"))
        problems.add(spot, "not UTF-8", hint="save the file as UTF-8")
        return None


def _fits(text: str, problems: Problems) -> bool:
    """Whether nothing is hidden in the text, comments included, and no tab indents."""
    hidden = [] if text.isascii() else [text.index(c) for c in set(text) if _is_hidden(c)]
    if lone := _LONE_RETURN.search(text):
        hidden.append(lone.start())
    if hidden:
        at = min(hidden)
        what = f"a character that nobody sees: {_spelled(text[at])}"
        problems.add(_spot_at(text[:at]), what, hint="remove it: what is read must be what it says")
        return False
    if "\t" in text:
        for number, line in enumerate(text.split("\n"), start=1):
            indent = line[: len(line) - len(line.lstrip())]
            if "\t" in indent and line.strip():
                spot = _Spot(number, indent.index("\t") + 1)
                problems.add(spot, "a tab indents this line", hint="indent with spaces")
                return False
    return True


def _is_hidden(char: str) -> bool:
    return char in _UNSEEN or unicodedata.category(char) in _HIDDEN


def _spelled(char: str) -> str:
    return f"\\u{{{ord(char):x}}}" if char in _UNSEEN else printable(char)


def _spot_at(before: str) -> _Spot:
    """Where the text goes on after `before`."""
    return _Spot(before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Tree:
    """Puts the tree together from events."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._root: Node | None = None
        self._open: list[Listing | Mapping] = []
        self._keys: list[Scalar | None] = []  # of each open mapping, the key whose value is awaited
        self._count = 0

    def build(self, loader: "yaml.SafeLoader | yaml.CSafeLoader") -> Node | None:
        """The one document's root; None when there is none."""
        import yaml

        scalar, next_event, put = yaml.ScalarEvent, loader.get_event, self._put
        starts, ends = yaml.CollectionStartEvent, yaml.CollectionEndEvent
        while (event := next_event()) is not None:
            if isinstance(event, scalar):
                mark: yaml.Mark = event.start_mark  # type: ignore[assignment]
                node = Scalar(event.value, not event.style, mark.line + 1, mark.column + 1)
                if event.anchor or event.tag or event.style == '"':
                    self._check_scalar(event, node)
                put(node)
            elif isinstance(event, starts):
                self._start(event)
            elif isinstance(event, ends):
                self._open.pop()
                self._keys.pop()
            elif isinstance(event, yaml.AliasEvent):
                self._refuse_alias(event)
            elif isinstance(event, yaml.DocumentStartEvent) and not self._starts(event):
                return None
            if self._count > LIMITS.policy_nodes or len(self._open) > LIMITS.policy_depth:
                self._refuse_size(_spot_of(event))
                return None
        return self._root

    def _start(self, event: "yaml.CollectionStartEvent") -> None:
        import yaml

        spot = _spot_of(event)
        node: Listing | Mapping
        if isinstance(event, yaml.MappingStartEvent):
            node = Mapping({}, spot.line, spot.column)
        else:
            node = Listing([], spot.line, spot.column)
        if event.anchor or event.tag:
            self._refuse_marks(event, node)
        self._put(node)
        self._open.append(node)
        self._keys.append(None)

    def _put(self, node: Node) -> None:
        self._count += 1
        if not self._open:
            self._root = node
            return
        within = self._open[-1]
        if type(within) is Mapping:
            key = self._keys[-1]
            if key is not None:
                within.entries[key.text] = (key, node)
                self._keys[-1] = None
            elif type(node) is Scalar and node.text not in within.entries:
                self._keys[-1] = node
            else:
                self._keys[-1] = self._no_key(node, within)
        elif type(within) is Listing:
            within.items.append(node)

    def _no_key(self, node: Node, within: Mapping) -> Scalar:
        """Refuses a key, and gives another in its place."""
        if isinstance(node, Scalar):
            first = within.entries[node.text][0]
            what = f"the key {quoted(node.text)} stands twice, first in line {first.line}"
            self._problems.add(node, what, hint="keep one of them")
        else:
            self._problems.add(node, "a key that is no text", hint="write the key as one word")
        return Scalar(f"\n{self._count}", False, node.line, node.column)

    def _refuse_alias(self, event: "yaml.AliasEvent") -> None:
        spot = _spot_of(event)
        self._problems.add(spot, f"an alias, {quoted(f'*{event.anchor}')}", hint=_WRITE_OUT)
        self._put(Scalar(f"\n{self._count}", False, spot.line, spot.column))

    def _starts(self, event: "yaml.DocumentStartEvent") -> bool:
        spot = _spot_of(event)
        if self._root is not None:
            self._problems.add(spot, "a second document", hint="one file has one document; remove the `---`")
            return False
        if event.tags:
            self._problems.add(spot, "a %TAG directive", hint="remove it: a policy has no tags")
        return True

    def _refuse_marks(self, event: "yaml.ScalarEvent | yaml.CollectionStartEvent", node: Node) -> None:
        if event.anchor:
            self._problems.add(node, f"an anchor, {quoted(f'&{event.anchor}')}", hint=_WRITE_OUT)
        if event.tag:
            self._problems.add(node, f"a tag, {quoted(event.tag)}", hint="remove it: a policy has no tags")

    def _check_scalar(self, event: "yaml.ScalarEvent", node: Scalar) -> None:
        if event.anchor or event.tag:
            self._refuse_marks(event, node)
        if printable(text := node.text.replace("\n", "")) != text:
            self._problems.add(node, "an escape of a character that nobody sees", hint="remove it")

    def _refuse_size(self, spot: _Spot) -> None:
        if self._count > LIMITS.policy_nodes:
            what = f"more than {LIMITS.policy_nodes} keys and values"
        else:
            what = f"nested deeper than {LIMITS.policy_depth} levels"
        self._problems.add(spot, what, hint="say with globs what many rules say one by one")


def _spot_of(event: "yaml.Event") -> _Spot:
    mark = event.start_mark
    return _Spot(mark.line + 1, mark.column + 1) if mark else _Spot(1, 1)
