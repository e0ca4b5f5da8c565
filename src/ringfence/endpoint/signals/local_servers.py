"""Servers on this machine that answer model requests, and programs that hold weights all the same."""

from collections.abc import Iterable

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.machine import Listener, Process
from ringfence.endpoint.signals.evidence import evidence, raised_by

__all__ = ["look"]

_CONFIDENCES = tuple(Confidence)


def look(listeners: Iterable[Listener] | None, processes: Iterable[Process] | None) -> Signal:
    """One piece of evidence for each listener, those that other machines can reach first, then each process.

    None stands for what was not looked at; without evidence from the other the signal is None then.
    """
    answering = sorted(listeners or (), key=_order)
    serving = {listener.pid for listener in answering}
    holding = sorted(
        (process for process in processes or () if process.models and process.pid not in serving),
        key=lambda process: process.pid,
    )
    return raised_by(
        SignalId.LOCAL_SERVERS,
        (*map(_answers, answering), *map(_holds, holding)),
        looked=listeners is not None and processes is not None,
    )


def _answers(listener: Listener) -> Evidence:
    what = f"{listener.server} answers" if listener.server else "a server of unknown kind answers"
    reach = "other machines can reach it" if listener.exposed else "this machine only"
    return evidence(_address(listener), f"{what} model requests; {reach}", listener.confidence)


def _holds(process: Process) -> Evidence:
    names = ", ".join(sorted({path.name for path in process.models}))
    return evidence(
        f"{process.name} ({process.pid})", f"holds {names}; no listener of it was seen", Confidence.POSSIBLE
    )


def _address(listener: Listener) -> str:
    host = f"[{listener.address}]" if ":" in listener.address else listener.address
    return f"{host}:{listener.port}"


def _order(listener: Listener) -> tuple[bool, int, int, str]:
    return (
        not listener.exposed,
        -_CONFIDENCES.index(listener.confidence),
        listener.port,
        listener.address,
    )
