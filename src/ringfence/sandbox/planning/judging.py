"""What the policy says of files, for one agent: asked of the policy itself, of a file or a whole folder.

A folder is asked about by a name within it that nothing is called by, some levels deep, so that a pattern for
all that lies below fits and one for names does not.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import product

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.actions import FieldKind, FileRead, FileWrite
from ringfence.core.dataclass import dataclass, replace
from ringfence.core.decisions import Decision, Effect, Mode, Place, Section
from ringfence.policy.conditions import check, reader
from ringfence.policy.globs import glob
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Condition, Like, Rule, RuleId, Tier
from ringfence.sandbox.plan import Why
from ringfence.sandbox.planning.host import ancestors, within
from ringfence.sandbox.planning.patterns import Place as PatternPlace
from ringfence.sandbox.planning.patterns import covers, place_of

__all__ = ["Judge", "Named", "Word", "why_of"]

_KINDS = {each.name: each for each in ACTION_TYPES if each.name in ("file.read", "file.write")}
_ALL = ("**", "/**")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """The policy's word on a file, or on all that lies in a folder."""

    may: bool
    effect: Effect
    is_rule_s: bool  # a rule matched; else it is what the section's mode comes down to
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A pattern of a rule that is for this agent."""

    pattern: str
    effect: Effect
    types: frozenset[str]  # file.read, file.write
    why: Why
    is_tree_s: bool = False  # a working tree's, which gives nothing that lies outside of it
    is_whole: bool = True  # the rule is for all that the pattern fits; else it leaves some of that out
    counts: bool = True  # it opens what its section denies where nothing matches


def why_of(rule: Rule) -> Why:
    """A rule as the reason of what it brings about."""
    return Why(text=f"rule {rule.id}", place=rule.at)


class _Allowed:
    """Places that are allowed with all in them."""

    def __init__(self) -> None:
        self._fixed: set[str] = set()
        self._patterns: list[PatternPlace] = []

    def add(self, place: PatternPlace) -> None:
        if place.pattern is None:
            self._fixed.add(place.fixed)
        else:
            self._patterns.append(place)

    def is_around(self, folder: str) -> bool:
        """Whether one of them is the folder, or lies around it."""
        is_fixed = not self._fixed.isdisjoint((folder, *ancestors(folder), "/"))
        return is_fixed or any(covers(each, folder) for each in self._patterns)


class Judge:
    """Asks one policy for one session, whose working tree's files are named from its top.

    `named`: every pattern that a rule on files has for this agent, allowances that have ended left out.
    """

    def __init__(self, policy: Policy, *, agent: str, session: str, tree: str, now: datetime) -> None:
        self.tree = tree
        self._policy, self._now = policy, now
        self._restricting = _with_all_allowed(policy)
        self._agent, self._session = agent, session
        self._no_name = f"{session}-{'x' * 8}"
        self._known: dict[tuple[str, str], Word] = {}
        self.named = tuple(self._named())
        self._allowed = self._by_use()
        self._enforcing = tuple(_enforcing(policy))  # False: the upper documents; True: a working tree's
        on_files = {rule.id for rule in policy.rules if rule.action_types & _KINDS.keys()}
        self.has_exceptions = any(each.rule in on_files and now < each.until for each in policy.exemptions)
        self._in_full = tuple(
            glob(each.pattern, FieldKind.PATH)
            for each in self.named
            if each.effect is not Effect.ALLOW and each.pattern.startswith("/") and self.is_in_tree(each)
        )

    def read(self, path: str, *, all_below: bool = False) -> Word:
        """Whether the file, or all that is in the folder, may be read."""
        return self._word("file.read", path, all_below)

    def restricts(self, path: str, *, all_below: bool = False) -> Word | None:
        """What a rule says against reading it, where it would be given without any; None when none does."""
        asked = self._asked_path(path, all_below)
        word = _word(self._restricting.decide(self._action("file.read", asked), now=self._now))
        return None if word.may else word

    def write(self, path: str, *, all_below: bool = False) -> Word:
        """Whether it may be made, changed and removed."""
        return self._word("file.write", path, all_below)

    def covers(self, folder: str, type_: str) -> bool:
        """Whether all that may ever lie in the folder is allowed, as far as allowances are needed.

        Where nothing enforces none is; else one must be for a folder around it, without anything left out.
        """
        for is_tree_s in self._enforcing:
            if not self._allowed[is_tree_s, type_, within(folder, self.tree)].is_around(folder):
                return False
        return True

    def is_in_tree(self, named: Named) -> bool:
        """Whether the pattern is for files of the working tree, by their names from its top or in full."""
        place = place_of(named.pattern, self.tree)
        return place is not None and (bool(place.base) or within(place.fixed, self.tree))

    def _by_use(self) -> dict[tuple[bool, str, bool], _Allowed]:
        """Allowances for all in a folder: by whose they are, what they let, and whether it is in the tree."""
        found = {key: _Allowed() for key in product((False, True), _KINDS, (False, True))}
        for each in self.named:
            place = place_of(each.pattern, self.tree)
            if each.effect is Effect.ALLOW and each.is_whole and each.counts and place and place.is_folder:
                for type_ in each.types:
                    found[each.is_tree_s, type_, bool(place.base)].add(place)
        return found

    def _named(self) -> Iterator[Named]:
        is_ceiling = Section.AGENTS in self._policy.document.joined.ceiling
        for rule in self._policy.rules:
            types = rule.action_types & _KINDS.keys()
            if not types or (rule.until is not None and rule.until <= self._now):
                continue
            others = [each for each in rule.conditions if each.field != "path"]
            if not all(self._holds(each, rule, _KINDS[min(types)]) for each in others):
                continue
            tests = [each.test for each in rule.conditions if each.field == "path"]
            like = next((each for each in tests if isinstance(each, Like)), None)
            for pattern in like.patterns if like else _ALL:
                yield Named(
                    pattern=pattern,
                    effect=rule.effect,
                    types=types,
                    why=why_of(rule),
                    is_tree_s=rule.tier is Tier.WORKING_TREE,
                    is_whole=tests == [like],
                    counts=rule.mode in (None, Mode.ENFORCE) and not (is_ceiling and rule.tier is Tier.USER),
                )

    def _holds(self, condition: Condition, rule: Rule, action_type: ActionType) -> bool:
        made = check(condition, action_type, allows=rule.effect is Effect.ALLOW)
        (value,) = reader([made.fact])(self._action("file.read", "x"))
        return made.unknown_matches if value is None else bool(made.judge(value))

    def _word(self, name: str, path: str, all_below: bool) -> Word:
        asked = self._asked_path(path, all_below)
        known = self._known.get((name, asked))
        if known is None:
            known = self._known[name, asked] = self._asked(name, asked)
        return known

    def _asked_path(self, path: str, all_below: bool) -> str:
        return "/".join([path.removesuffix("/"), *[self._no_name] * 3]) if all_below else path

    def _asked(self, name: str, path: str) -> Word:
        """Of a file of the tree its name from the top; a full pattern that begins in the tree may say no."""
        if not within(path, self.tree) or path == self.tree:
            return self._decided(name, path)
        word = self._decided(name, path[len(self.tree) + 1 :])
        if word.may and any(each.fits(path) for each in self._in_full):
            in_full = self._decided(name, path)
            return word if in_full.may else in_full
        return word

    def _decided(self, name: str, path: str) -> Word:
        return _word(self._policy.decide(self._action(name, path), now=self._now))

    def _action(self, name: str, path: str) -> FileRead | FileWrite:
        made = FileRead if name == "file.read" else FileWrite
        return made(path=path, agent=self._agent, session=self._session)


def _with_all_allowed(policy: Policy) -> Policy:
    """The same policy, where only rules that deny or ask keep anything from being read."""
    every_file = Rule(
        id=RuleId("every-box"),
        section=Section.AGENTS,
        tier=Tier.SYSTEM,
        at=Place(file="built-in", line=1),
        action_types=frozenset(_KINDS),
        conditions=(),
        effect=Effect.ALLOW,
        mode=Mode.ENFORCE,
    )
    document = policy.document
    joined = replace(document.joined, rules=(*document.joined.rules, every_file))
    tree = document.tree and replace(document.tree, rules=(*document.tree.rules, every_file))
    return Policy(replace(document, joined=joined, tree=tree))


def _enforcing(policy: Policy) -> Iterator[bool]:
    if policy.modes[Section.AGENTS][0] is Mode.ENFORCE:
        yield False
    tree = policy.document.tree
    if tree is not None and tree.modes.get(Section.AGENTS, (None,))[0] is Mode.ENFORCE:
        yield True


def _word(decision: Decision) -> Word:
    reason = decision.reasons[0]
    text = f"rule {reason.rule}" if reason.rule else f"mode of {reason.section.value}: {reason.mode.value}"
    return Word(
        may=decision.may_proceed,
        effect=decision.effect,
        is_rule_s=reason.rule is not None,
        why=Why(text=text, place=reason.at),
    )
