"""Accelerators at work while the machine is offline, or off the VPN that it is set up for.

A person who goes offline to use a model leaves nothing in any proxy's log; the accelerator still shows it.
"""

from collections.abc import Iterable, Iterator

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Signal, SignalId
from ringfence.core.machine import Accelerator, Network, Process
from ringfence.endpoint.signals.evidence import evidence, raised_by

__all__ = ["look"]


def look(
    accelerators: Iterable[Accelerator] | None, network: Network | None, processes: Iterable[Process] = ()
) -> Signal:
    """One piece of evidence for each use of each accelerator, when the machine is cut off.

    `processes` are those that hold weights or inference libraries: their use is likelier to be a model's.
    """
    if accelerators is None:
        return raised_by(SignalId.OFFLINE_ACCELERATOR, (), looked=False)
    inference = {process.pid: bool(process.models) for process in processes}
    uses = [use for each in sorted(accelerators, key=_order) for use in _uses(each, inference)]
    why = _cut_off(network)
    if why is None and uses:
        return raised_by(SignalId.OFFLINE_ACCELERATOR, (), looked=False)
    found = [evidence(subject, f"{text} while {why}", sure) for subject, text, sure in uses if why]
    return raised_by(SignalId.OFFLINE_ACCELERATOR, found)


def _cut_off(network: Network | None) -> str | None:
    """Why nobody sees the traffic; empty when somebody could; None when that is not known."""
    if network is None:
        return None
    if network.online is False:
        return "the machine is offline"
    if network.vpn_configured and network.vpn_up is False:
        return "its VPN is down"
    known = network.online and (network.vpn_configured is False or network.vpn_up)
    return "" if known else None


def _uses(accelerator: Accelerator, inference: dict[int, bool]) -> Iterator[tuple[str, str, Confidence]]:
    """(subject, what it does, how surely it is a model) for each process, or for work that nobody owns."""
    for use in sorted(accelerator.processes, key=lambda use: use.pid):
        holds = inference.get(use.pid)
        sure = Confidence.POSSIBLE if holds is None else Confidence.CERTAIN if holds else Confidence.LIKELY
        yield f"{use.name or 'process'} ({use.pid})", f"uses {accelerator.name}", sure
    if not accelerator.processes and accelerator.utilization_percent:
        busy = f"is {accelerator.utilization_percent} % busy"
        yield accelerator.name, busy, Confidence.POSSIBLE


def _order(accelerator: Accelerator) -> tuple[str, str]:
    return (accelerator.name, accelerator.device)
