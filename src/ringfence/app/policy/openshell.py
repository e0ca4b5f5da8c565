"""Imports policies of OpenShell: what comes of it is read as any policy before anybody sees it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ringfence.app.policy.reading import read_document
from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UsageError
from ringfence.core.limits import LIMITS
from ringfence.policy.files import PolicyFile
from ringfence.policy.globs import glob
from ringfence.policy.load import read
from ringfence.policy.openshell.importing import imported
from ringfence.policy.openshell.report import Line
from ringfence.policy.rule import Tier

__all__ = ["PolicyImported", "import_openshell"]

_HINT = "name a policy of OpenShell, or a preset of NemoClaw"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyImported:
    """A policy that was another product's."""

    started_at: datetime  # UTC
    complete: bool
    files: tuple[str, ...]
    agent: str  # a pattern
    entries: int  # of the network, of tools and of private addresses
    lines: tuple[Line, ...]  # what is not as it was, by file and place
    policy: str  # the document, in YAML


def import_openshell(paths: Sequence[Path], *, agent: str, started_at: datetime) -> PolicyImported:
    """The files as one policy of ringfence, for agents of this name.

    Raises:
        BadGlob, UsageError: `agent` is no pattern, or there are too many files.
        PolicyRefused: a file is no such policy, or they do not go together.
        UnreadableScope: a file cannot be read.
    """
    glob(agent, FieldKind.NAME)
    if len(paths) > LIMITS.policy_files:
        raise UsageError(f"more than {LIMITS.policy_files} files", hint="import fewer at one time")
    files = [read_document(each, Tier.USER, hint=_HINT) for each in paths]
    found = imported(files, agent=agent)
    read([PolicyFile(tier=Tier.USER, name="the imported policy", data=found.text.encode())])
    return PolicyImported(
        started_at=started_at,
        complete=True,
        files=tuple(each.name for each in files),
        agent=agent,
        entries=found.entries,
        lines=found.lines,
        policy=found.text,
    )
