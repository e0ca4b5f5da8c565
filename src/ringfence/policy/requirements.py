"""Whether a tool call's values are worth what a rule of trust requires."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from ringfence.core.actions import Argument, ToolCall
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Integrity
from ringfence.policy.trust_words import Requirement, Role

__all__ = ["Call", "has_address", "is_met", "is_met_by_call"]

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_ADDRESS = re.compile(
    r"//|\bwww\.|[^\W_]\.[^\W\d_]{2}|[0-9]\.[0-9]+\.[0-9]|\b(?:mailto|data|javascript|file):"
)
_DOTS = str.maketrans("\u3002\uff61", "..")  # full stops that host names are cut at as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call, with the roles that each of its arguments plays."""

    action: ToolCall
    roles: Mapping[str, frozenset[Role]]

    def playing(self, roles: frozenset[Role]) -> tuple[Argument, ...]:
        """The arguments that play one of these roles."""
        return tuple(each for each in self.action.arguments if self.roles[each.name] & roles)

    @property
    def targets(self) -> tuple[Argument, ...]:
        """Those that say whom it reaches."""
        return self.playing(frozenset({Role.TARGET}))


def is_met(requirement: Requirement, value: Argument, call: Call) -> bool:
    """Whether everything that is named holds for this value of the call."""
    label = value.label
    return (
        (requirement.min is None or label.integrity >= requirement.min)
        and (requirement.designated is None or _is_designated(value) is requirement.designated)
        and (
            requirement.created_in_session is None
            or label.created_in_session is requirement.created_in_session
        )
        and is_met_by_call(requirement, call)
        and (requirement.derived_at_most is None or _is_at_most(value.text, requirement.derived_at_most))
        and (requirement.readers_include is None or _may_reach_targets(value, call))
        and (not requirement.no_untrusted_urls or not _has_untrusted_address(value))
    )


def is_met_by_call(requirement: Requirement, call: Call) -> bool:
    """Whether what is named of the call as a whole holds."""
    return (requirement.planned is None or call.action.planned is requirement.planned) and (
        requirement.when is None or _are_from_prompt(call.targets)
    )


def has_address(text: str) -> bool:
    """Whether a reader's program might make a link of a part of `text`: schemes, hosts, IP addresses.

    Characters that stand for others, such as full-width letters and dots, count as those; those that nobody
    sees do not count.
    """
    if not text.isascii():
        plain = unicodedata.normalize("NFKC", text).translate(_DOTS)
        text = "".join(each for each in plain if unicodedata.category(each) != "Cf")
    return _ADDRESS.search(text.casefold()) is not None


def _is_designated(value: Argument) -> bool:
    return value.label.designated and value.label.integrity >= Integrity.ATTESTED


def _is_at_most(text: str, most: int) -> bool:
    """A plain number that is not negative; what is no such number is more than anything."""
    return _NUMBER.fullmatch(text) is not None and Decimal(text) <= most


def _are_from_prompt(targets: tuple[Argument, ...]) -> bool:
    """Whether there are targets and the user, or a higher one, named all of them."""
    return bool(targets) and all(each.label.integrity >= Integrity.USER for each in targets)


def _may_reach_targets(value: Argument, call: Call) -> bool:
    """Whether all who are reached may read the value; a call without targets reaches nobody knows whom."""
    readers = value.label.readers
    return readers is None or (bool(call.targets) and all(each.text in readers for each in call.targets))


def _has_untrusted_address(value: Argument) -> bool:
    return value.label.integrity < Integrity.ENDORSED and has_address(value.text)
