"""Accelerators at work while nobody could see the traffic."""

from pathlib import Path

import pytest

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.machine import Accelerator, AcceleratorUse, Network, Process
from ringfence.endpoint.signals.offline_accelerator import look


def accelerator(*uses: AcceleratorUse, utilization: int | None = None) -> Accelerator:
    return Accelerator(
        kind="gpu",
        vendor="nvidia",
        name="H200",
        device="GPU-1",
        memory_total_bytes=None,
        memory_used_bytes=None,
        utilization_percent=utilization,
        processes=uses,
    )


def use(pid: int, name: str | None = "python3") -> AcceleratorUse:
    return AcceleratorUse(pid=pid, name=name, memory_bytes=None)


def network(online: bool | None, configured: bool | None = False, up: bool | None = None) -> Network:
    return Network(online=online, vpn_configured=configured, vpn_up=up, interfaces=())


def process(pid: int, *models: str) -> Process:
    return Process(
        pid=pid,
        name="python3",
        user=None,
        command=(),
        runtime=None,
        libraries=(),
        models=tuple(map(Path, models)),
        evidence=(),
    )


def signal(raised: bool | None, *evidence: tuple[str, str, Confidence]) -> Signal:
    return Signal(
        id=SignalId.OFFLINE_ACCELERATOR,
        raised=raised,
        evidence=tuple(Evidence(subject=s, text=t, confidence=c) for s, t, c in evidence),
    )


def test_each_use_while_offline_is_evidence_and_weights_make_it_certain() -> None:
    found = look(
        [accelerator(use(3, "Xorg"), use(1), use(2, None))],
        network(False),
        [process(1, "/m.gguf"), process(2)],
    )
    assert found == signal(
        True,
        ("python3 (1)", "uses H200 while the machine is offline", Confidence.CERTAIN),
        ("process (2)", "uses H200 while the machine is offline", Confidence.LIKELY),
        ("Xorg (3)", "uses H200 while the machine is offline", Confidence.POSSIBLE),
    )


def test_work_that_no_process_owns_counts_too() -> None:
    assert look([accelerator(utilization=93)], network(True, True, False)) == signal(
        True, ("H200", "is 93 % busy while its VPN is down", Confidence.POSSIBLE)
    )


@pytest.mark.parametrize(
    ("where", "raised"),
    [
        (network(True, False), False),
        (network(True, True, True), False),
        (network(True, True, False), True),
        (network(False, None), True),
        (network(None, True, False), True),
        (network(None, False), None),
        (network(True, None), None),
        (network(True, True, None), None),
        (None, None),
    ],
)
def test_only_a_network_that_was_looked_at_gives_an_answer(
    where: Network | None, raised: bool | None
) -> None:
    assert look([accelerator(use(1))], where).raised is raised


def test_an_idle_accelerator_raises_nothing_even_when_the_network_is_unknown() -> None:
    assert look([accelerator(utilization=0), accelerator(utilization=None)], None) == signal(False)
    assert look([], network(False)) == signal(False)


def test_accelerators_that_were_not_looked_at_give_no_answer() -> None:
    assert look(None, network(False)) == signal(None)
