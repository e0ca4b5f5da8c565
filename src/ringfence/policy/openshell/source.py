"""The files that are imported: one policy and the presets that are merged into it, read and put together.

A preset's rule whose name stands already must say the same; which of two would hold is not said anywhere.
"""

from collections.abc import Sequence

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.policy.files import PolicyFile
from ringfence.policy.nodes import Listing, Mapping, Node, Scalar, parse
from ringfence.policy.openshell.document import POLICY, PRESET, is_preset
from ringfence.policy.openshell.report import Spot
from ringfence.policy.problems import PolicyRefused, Problems, quoted
from ringfence.policy.shapes.tables import Entry

__all__ = ["Named", "Source", "together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One entry under a name of its author's."""

    name: str
    spot: Spot
    entry: Entry
    problems: Problems  # of its file


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """All files together."""

    base: Named | None  # the policy; None where there are presets alone
    policies: tuple[Named, ...]
    middlewares: tuple[Named, ...]
    problems: tuple[Problems, ...]

    def refuse(self) -> None:
        """Nothing, where nothing is wrong.

        Raises:
            PolicyRefused: something is.
        """
        found = tuple(each for problems in self.problems for each in problems.found)
        if found:
            raise PolicyRefused(found)


def together(files: Sequence[PolicyFile]) -> Source:
    """What the files say.

    Raises:
        PolicyRefused: one of them is no policy and no preset, or they do not go together.
    """
    read = [_Read(each) for each in files]
    base: _Read | None = None
    policies: dict[str, tuple[Named, Node]] = {}
    middlewares: list[Named] = []
    for each in read:
        if each.entry is None:
            continue
        if not each.is_preset:
            if base is not None:
                each.problems.add(
                    each.entry, "a second policy", hint="name one policy, and presets that go into it"
                )
                continue
            base = each
        for name, node in each.named("network_policies"):
            _take(policies, name, node)
        middlewares += [name for name, _ in each.named("network_middlewares")]
    whole = Source(
        base=None if base is None else base.whole(),
        policies=tuple(name for name, _ in policies.values()),
        middlewares=tuple(middlewares),
        problems=tuple(each.problems for each in read),
    )
    whole.refuse()
    return whole


class _Read:
    """One file as its table reads it."""

    def __init__(self, file: PolicyFile) -> None:
        self.problems = Problems(file=file.name)
        self.entry: Entry | None = None
        tree = parse(file.data, self.problems)
        self.is_preset = tree is not None and is_preset(tree)
        if tree is not None:
            self.entry = (PRESET if self.is_preset else POLICY).read(tree, self.problems)
        if self.problems.found:
            self.entry = None

    def whole(self) -> Named | None:
        """The document itself."""
        if self.entry is None:
            return None
        spot = Spot(file=self.problems.file, line=self.entry.line, key="")
        return Named(name="", spot=spot, entry=self.entry, problems=self.problems)

    def named(self, key: str) -> list[tuple[Named, Node]]:
        """The entries below a key, each with its node."""
        if self.entry is None or self.entry.get(key) is None:
            return []
        pairs: tuple[tuple[Scalar, Entry], ...] = self.entry.get(key)
        top = Spot(file=self.problems.file, line=self.entry.at(key).line, key=key)
        found: list[tuple[Named, Node]] = []
        for name, entry in pairs:
            spot = top.of(name.text, name)
            named = Named(name=name.text, spot=spot, entry=entry, problems=self.problems)
            found.append((named, entry.node))
        return found


def _take(policies: dict[str, tuple[Named, Node]], name: Named, node: Node) -> None:
    if name.name not in policies:
        policies[name.name] = (name, node)
        if len(policies) > LIMITS.imported_rules:
            name.problems.add(node, f"more than {LIMITS.imported_rules} rules", hint="import fewer files")
        return
    first, known = policies[name.name]
    if _said(known) != _said(node):
        what = f"{quoted(name.name)} says something else than at {first.spot}"
        name.problems.add(node, what, hint="remove or rename one of them: which one counts is not said")


def _said(node: Node) -> object:
    """What a node says, without its places."""
    match node:
        case Mapping(entries=entries):
            return {key: _said(value) for key, (_, value) in entries.items()}
        case Listing(items=items):
            return [_said(each) for each in items]
        case _:
            return node.text
