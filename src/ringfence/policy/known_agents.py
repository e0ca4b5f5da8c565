"""What agents that ringfence knows may ask of the world, where no document says so.

The document that comes with ringfence opens hosts for boxes alone: everywhere else what it allows is allowed
without it. Whoever writes an agent's hosts into a document of their own has written all of them.
"""

from collections.abc import Iterable
from functools import cache, lru_cache

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import replace
from ringfence.core.decisions import Section
from ringfence.core.registries import Registry
from ringfence.policy.document import Document
from ringfence.policy.egressing import LOCAL, egressing
from ringfence.policy.files import PolicyFile
from ringfence.policy.globs import glob
from ringfence.policy.policy import Policy
from ringfence.policy.registries import with_registries
from ringfence.policy.rule import RuleId, Tier
from ringfence.policy.values import Egress

__all__ = ["FORGES", "KNOWN", "WITH_MODELS", "for_agent", "has_built_in_hosts"]

_REMOTES = 'version: 1\nagents:\n  profiles:\n    "*":'
_FETCHED = '        - {{host: "{host}", paths: [{fetching}]}}'
_SHOWN = '        - {{name: ["gh/{host}", "netrc/{host}"], host: "{host}", paths: [{fetching}, {pushing}]}}'
_PUSHED = '        - {{host: "{host}", repository: "{path}", then: ask}}'

WITH_MODELS = frozenset({"aider", "claude", "codex", "copilot", "gemini", "openclaw", "opencode"})
KNOWN = WITH_MODELS | {"shell"}

FORGES = frozenset({"bitbucket.org", "codeberg.org", "github.com", "gitlab.com"})
"""Hosts whose repositories may be fetched where a working tree names them as its remotes.

Anybody may have written what a tree names: at a host of their own they would read what they are asked.
"""


def for_agent(
    policy: Policy,
    agent: str,
    repositories: Iterable[tuple[str, str]] = (),
    registries: Iterable[Registry] = (),
) -> Policy:
    """The policy for a box of that agent: with the agent's own part of what is built in, or as it is.

    `repositories` are hosts and paths (/org/repo) of the working tree's remotes: they may be fetched, and an
    operator is asked about pushes. Where a document names the agent's hosts, and does not
    say that what is built in stays, it is of its box alone.
    `registries` are those of packages that this machine is set to: they may be read where the policy says so,
    as what is built in does.
    """
    return with_registries(_with_known(policy, agent, repositories), agent, registries)


def has_built_in_hosts(policy: Policy, agent: str) -> bool:
    """Whether a box of that agent has the hosts that are built in of it."""
    document = policy.document
    is_open = Section.AGENTS not in document.joined.ceiling
    return is_open and agent in KNOWN and not _names_hosts(document, agent)


def _names_hosts(document: Document, agent: str) -> bool:
    """Whether its documents' hosts come in the place of those that are built in."""
    said = egressing(document, agent)
    return not said.built_in and any(host != LOCAL for host in said.hosts)


def _with_known(policy: Policy, agent: str, repositories: Iterable[tuple[str, str]]) -> Policy:
    document = policy.document
    is_closed = Section.AGENTS in document.joined.ceiling
    if agent not in KNOWN or is_closed:
        return policy
    has_hosts = _names_hosts(document, agent)
    remotes = () if has_hosts else tuple(each for each in repositories if each[0] in FORGES)
    known = (_known(), *_of_remotes(remotes))
    rules = (
        ()
        if has_hosts
        else (
            replace(rule, id=RuleId(f"built-in {at} {rule.id}"))
            for at, each in enumerate(known)
            for rule in each.joined.rules
        )
    )
    profiles = (
        replace(profile, egress=Egress()) if has_hosts else profile
        for each in known
        for profile in each.profiles
        if glob(profile.agent, FieldKind.NAME).fits(agent)
    )
    return Policy(
        replace(
            document,
            joined=replace(document.joined, rules=(*document.joined.rules, *rules)),
            profiles=(*document.profiles, *profiles),
        )
    )


@lru_cache(maxsize=32)
def _of_remotes(repositories: tuple[tuple[str, str], ...]) -> tuple[Document, ...]:
    """One document more, where there are any."""
    if not repositories:
        return ()
    from ringfence.policy.load import read

    lines = [_REMOTES]
    for key, written in (("network", _FETCHED), ("credentials", _SHOWN)):
        lines.append(f"      {key}:")
        lines += [_of_repository(written, host, path) for host, path in repositories]
    lines.append("      git:\n        push:")
    lines += [_of_repository(_PUSHED, host, path) for host, path in repositories]
    text = "\n".join(lines)
    return (read((PolicyFile(tier=Tier.BUILT_IN, name="built-in/remotes", data=text.encode()),)),)


def _of_repository(written: str, host: str, path: str) -> str:
    """What git asks for, with the suffix that addresses have or have not, and nothing else."""
    fetching, pushing = (
        ", ".join(f'"{path}{suffix}/{each}"' for suffix in ("", ".git") for each in asked)
        for asked in (("info/refs", "git-upload-pack"), ("git-receive-pack",))
    )
    return written.format(host=host, path=path, fetching=fetching, pushing=pushing)


@cache
def _known() -> Document:
    from ringfence.policy.built_in import AGENTS, text_of
    from ringfence.policy.load import read

    return read((PolicyFile(tier=Tier.BUILT_IN, name="built-in/agents.yaml", data=text_of(AGENTS)),))
