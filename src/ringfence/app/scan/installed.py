"""What is installed and configured: runtimes, agents, and the working trees that agents may write."""

from collections.abc import Iterator
from pathlib import Path

from ringfence.app.scan.scope import Where
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Agent, Repository, Runtime
from ringfence.endpoint.agents.find import find_agents
from ringfence.endpoint.repositories import look_at_repository
from ringfence.endpoint.runtimes import find_runtimes

__all__ = ["installed"]


def installed(
    place: Where, *, environments: list[Path], repositories: list[Path]
) -> Iterator[Runtime | Agent | Repository | Skipped]:
    """Everything in the homes, in the folders that the walk met, and for everybody where the machine counts.

    `environments` are virtual environments and `node_modules` folders, `repositories` git working trees.
    """
    node_modules = sorted(path for path in environments if path.name == "node_modules")
    virtual = sorted(path for path in environments if path.name != "node_modules")
    trees = sorted(repositories)
    system = Path("/") if place.whole_machine else None
    yield from find_runtimes(place.homes, virtual, node_modules, system=system)
    yield from find_agents(
        place.homes, repositories=trees, environments=virtual, node_modules=node_modules, system=system
    )
    for path in trees:
        if repository := look_at_repository(path):
            yield repository
