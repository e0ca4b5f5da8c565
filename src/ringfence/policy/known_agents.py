"""What agents that ringfence knows may ask of the world, where no document says so.

The document that comes with ringfence opens hosts for boxes alone: everywhere else what it allows is allowed
without it. Whoever writes an agent's hosts into a document of their own has written all of them.
"""

from dataclasses import replace
from functools import cache

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Section
from ringfence.policy.document import Document
from ringfence.policy.egressing import egressing
from ringfence.policy.files import PolicyFile
from ringfence.policy.globs import glob
from ringfence.policy.policy import Policy
from ringfence.policy.rule import RuleId, Tier

__all__ = ["KNOWN", "for_agent"]

KNOWN = frozenset({"aider", "claude", "codex", "copilot", "gemini", "openclaw", "opencode"})


def for_agent(policy: Policy, agent: str) -> Policy:
    """The policy for a box of that agent: with the agent's own part of what is built in, or as it is."""
    document = policy.document
    is_closed = Section.AGENTS in document.joined.ceiling
    if agent not in KNOWN or is_closed or egressing(document, agent).hosts:
        return policy
    known = _known()
    rules = (replace(each, id=RuleId(f"built-in {each.id}")) for each in known.joined.rules)
    profiles = (each for each in known.profiles if glob(each.agent, FieldKind.NAME).fits(agent))
    return Policy(
        replace(
            document,
            joined=replace(document.joined, rules=(*document.joined.rules, *rules)),
            profiles=(*document.profiles, *profiles),
        )
    )


@cache
def _known() -> Document:
    from ringfence.policy.built_in import AGENTS, text_of
    from ringfence.policy.load import read

    return read((PolicyFile(tier=Tier.BUILT_IN, name="built-in/agents.yaml", data=text_of(AGENTS)),))
