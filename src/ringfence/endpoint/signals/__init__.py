"""The five signs of shadow AI, each in a file of its own: pure functions over what a scan found."""

from collections.abc import Iterable

from ringfence.core.inventory import Signal
from ringfence.core.machine import Accelerator, Listener, Network, Process, Repository
from ringfence.core.models import Model
from ringfence.endpoint.explanations import NO_EXPLANATIONS, Explanations
from ringfence.endpoint.signals import (
    large_artifacts,
    license_ambiguity,
    local_servers,
    offline_accelerator,
    unrecorded_code,
)
from ringfence.endpoint.signals.large_artifacts import LARGE_BYTES

__all__ = ["LARGE_BYTES", "all_signals"]


def all_signals(
    *,
    models: Iterable[Model],
    listeners: Iterable[Listener] | None,
    processes: Iterable[Process] | None,
    accelerators: Iterable[Accelerator] | None,
    network: Network | None,
    repositories: Iterable[Repository] | None,
    explanations: Explanations = NO_EXPLANATIONS,
    large_bytes: int = LARGE_BYTES,
) -> tuple[Signal, ...]:
    """All five signals, in the order of `SignalId`. None stands for what was not looked at."""
    models = tuple(models)
    processes = None if processes is None else tuple(processes)
    return (
        large_artifacts.look(models, explanations, large_bytes=large_bytes),
        local_servers.look(listeners, processes),
        offline_accelerator.look(accelerators, network, processes or ()),
        unrecorded_code.look(repositories),
        license_ambiguity.look(models),
    )
