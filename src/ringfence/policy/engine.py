"""Decides actions by a policy's rules: an index finds the rules that can match, `outcomes` makes a decision.

Rules of all tiers are in one index for each type of action. What the same rules matched is decided the same
way, so decisions are kept by the rules that matched; nothing else about an action is remembered.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import Action, ToolCall
from ringfence.core.decisions import Decision
from ringfence.core.limits import LIMITS
from ringfence.policy.document import Ruling
from ringfence.policy.outcomes import Exempt, Hit, conclude
from ringfence.policy.rule import Exemption, Tier
from ringfence.policy.table import Excepted, Filed, Ready, Table

if TYPE_CHECKING:
    from ringfence.policy.trust import TrustJudge
    from ringfence.policy.trust_words import Trust

__all__ = ["Engine"]

_Matched = frozenset[Hit | Exempt]


class Engine:
    """A policy's rules, made ready for a type of action when the first of it is decided: commands have few.

    Raises then what `conditions.check` does for rules that fit no action; `load` has found those before.
    """

    def __init__(self, joined: Ruling, tree: Ruling | None, *, policy_digest: str) -> None:
        self._digest = policy_digest
        self._modes = joined.modes
        self._tree_modes = {} if tree is None else tree.modes
        self._ceiling = joined.ceiling
        groups = ((joined, False),) if tree is None else ((joined, False), (tree, True))
        exemptions: dict[tuple[str, bool], list[Exemption]] = {}
        by_type: dict[str, list[Filed]] = {each.name: [] for each in ACTION_TYPES}
        self._exemptions, self._by_type = exemptions, by_type
        for ruling, of_tree in groups:
            for each in ruling.exemptions:
                exemptions.setdefault((each.rule, of_tree), []).append(each)
            for rule in ruling.rules:
                for name in rule.action_types:
                    by_type[name].append(Filed(rule, of_tree=of_tree))
        self._tables: dict[type[Action], Table] = {}
        trusts = [(joined.ceiling_trust, Tier.SYSTEM)]
        if joined.trust != joined.ceiling_trust:  # judged beside it: a user's words on tools only restrict
            trusts.append((joined.trust, Tier.USER))
        if tree is not None:
            trusts.append((tree.trust, Tier.WORKING_TREE))
        self._trusts = _judges([(trust, tier) for trust, tier in trusts if trust is not None])
        self._trust_exceptions = {
            (rule_id, of_tree): self._table(ToolCall).exceptions(rule_id, of_tree=of_tree)
            for rule_id, of_tree in exemptions
        }

    def decide(self, action: Action, *, now: datetime, enforcing: bool = False) -> Decision:
        """What the policy says of `action` at `now` (UTC); `enforcing`: as if all of it were enforced."""
        table = self._tables.get(type(action)) or self._table(type(action))
        values = table.read(action)
        candidates = table.always
        for at, find in table.lookups:
            candidates += find(values[at])
        matched: set[Hit | Exempt] = set()
        for filed in candidates:
            rule = filed.ready or table.prepare(filed)
            unknown: tuple[str, ...] = ()
            for trial in rule.trials:
                value = values[trial.at]
                met = None if value is None else trial.judge(value)
                if met:
                    continue
                if met is None and trial.unknown_matches:
                    unknown += (trial.name,)
                    continue
                break
            else:
                if rule.until is None or now < rule.until:
                    hit = _with_unknown(rule, unknown) if unknown else rule.hit
                    matched.add(_unless(hit, rule.exceptions, values, now) if rule.exceptions else hit)
        if self._trusts and isinstance(action, ToolCall):
            for judge in self._trusts:
                for hit in judge.judge(action):
                    excepted = self._trust_exceptions.get((hit.rule.id, hit.rule.of_tree), ())
                    matched.add(_unless(hit, excepted, values, now))
        key = frozenset(matched)
        kept = table.kept_enforced if enforcing else table.kept
        return kept.get(key) or self._decided(table, key, kept, enforcing=enforcing)

    def _table(self, made: type[Action]) -> Table:
        """Of one type of action, kept from the first on."""
        if made not in self._tables:
            of = next(each for each in ACTION_TYPES if each.made is made)
            self._tables[made] = Table(of, self._by_type[of.name], self._exemptions)
        return self._tables[made]

    def _decided(
        self, table: Table, matched: _Matched, kept: dict[_Matched, Decision], *, enforcing: bool
    ) -> Decision:
        decision = conclude(
            matched,
            table.sections,
            joined=self._modes,
            tree=self._tree_modes,
            ceiling=self._ceiling,
            policy_digest=self._digest,
            enforcing=enforcing,
        )
        if len(kept) >= LIMITS.policy_outcomes:
            kept.clear()
        kept[matched] = decision
        return decision


def _judges(trusts: "Sequence[tuple[Trust, Tier]]") -> "tuple[TrustJudge, ...]":
    if not trusts:
        return ()
    from ringfence.policy.trust import TrustJudge  # most policies say nothing of labels

    return tuple(TrustJudge(trust, tier=tier) for trust, tier in trusts)


def _with_unknown(rule: Ready, unknown: tuple[str, ...]) -> Hit:
    return rule.hits.setdefault(unknown, Hit(rule=rule.hit.rule, unknown=unknown))


def _unless(
    hit: Hit, exceptions: Iterable[Excepted], values: Sequence[object], now: datetime
) -> Hit | Exempt:
    """The hit, or the exception that is there for it: of several, the first by its id."""
    found = [
        each
        for each in exceptions
        if now < each.until
        and all(values[trial.at] is not None and trial.judge(values[trial.at]) for trial in each.trials)
    ]
    if not found:
        return hit
    first = min(found, key=lambda each: each.id)
    return first.exempt.setdefault(hit.rule, Exempt(rule=hit.rule, exception=first.id))
