"""Policy documents in tests: written down, loaded, or refused."""

from textwrap import dedent

import pytest

from ringfence.policy.document import Document
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import read
from ringfence.policy.problems import PolicyRefused
from ringfence.policy.rule import Rule, Tier


def of_tier(text: str | bytes, tier: Tier = Tier.SYSTEM, name: str = "p.yaml") -> PolicyFile:
    data = text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode()
    return PolicyFile(tier=tier, name=name, data=data)


def loaded(text: str | bytes, tier: Tier = Tier.SYSTEM) -> Document:
    return read([of_tier(text, tier)])


def rules_in(text: str | bytes) -> dict[str, Rule]:
    return {rule.id: rule for rule in loaded(text).joined.rules}


def refused(*files: str | bytes | PolicyFile) -> list[tuple[str, str]]:
    """What is wrong with the documents, each with its hint."""
    with pytest.raises(PolicyRefused) as caught:
        read([each if isinstance(each, PolicyFile) else of_tier(each) for each in files])
    return [(str(each), each.hint) for each in caught.value.problems]
