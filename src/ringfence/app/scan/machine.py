"""What runs on the machine. Looked at in a thread of its own, beside the walk: servers take their time."""

from collections.abc import Callable, Iterator

from ringfence.app.scan.here import Here
from ringfence.app.scan.request import ScanRequest
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Accelerator, Listener, Network
from ringfence.endpoint.platform import Snapshot
from ringfence.endpoint.this_platform import not_implemented

__all__ = ["Running", "start_looking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The running machine, but for its processes: they wait until it is known which files are models."""

    snapshot: Snapshot | None = None
    looked_at_listeners: bool = False
    listening: frozenset[tuple[str, int]] | None = None  # every port; None when nobody looked
    listeners: tuple[Listener, ...] = ()
    accelerators: tuple[Accelerator, ...] = ()
    network: Network | None = None
    skipped: tuple[Skipped, ...] = ()


def start_looking(request: ScanRequest, here: Here) -> Callable[[], Running]:
    """Begins, unless nothing of the running machine is asked for. The result waits for the end."""
    left_out = _left_out(request)
    if request.home is not None or not (request.processes or request.listeners):
        return lambda: Running(skipped=left_out)
    from concurrent.futures import ThreadPoolExecutor

    executor = ThreadPoolExecutor(1, thread_name_prefix="machine")
    try:
        return executor.submit(_look, request, here, left_out).result
    finally:
        executor.shutdown(wait=False)


def _look(request: ScanRequest, here: Here, left_out: tuple[Skipped, ...]) -> Running:
    from ringfence.endpoint.accelerators.find import find_accelerators
    from ringfence.endpoint.network import network

    platform = here.platform()
    if platform is None:
        return Running(
            skipped=tuple(not_implemented(kind) for kind in ("process", "listener", "accelerator"))
        )
    snapshot = platform.snapshot()
    listeners = tuple(_listeners(snapshot, here)) if request.listeners else ()
    accelerators = tuple(find_accelerators(platform, snapshot)) if request.processes else ()
    reach = network(platform)
    found = (*listeners, *accelerators, reach)
    return Running(
        snapshot=snapshot if request.processes else None,
        looked_at_listeners=request.listeners,
        listening=frozenset((s.address, s.port) for s in snapshot.sockets) if request.listeners else None,
        listeners=tuple(each for each in listeners if isinstance(each, Listener)),
        accelerators=tuple(each for each in accelerators if isinstance(each, Accelerator)),
        network=reach if isinstance(reach, Network) else None,
        skipped=(*left_out, *(each for each in found if isinstance(each, Skipped))),
    )


def _listeners(snapshot: Snapshot, here: Here) -> Iterator[Listener | Skipped]:
    """Where nothing can be recorded nobody is asked; the rest of the machine is looked at all the same."""
    from ringfence.endpoint.listeners.find import find_listeners

    try:
        door = here.door()
    except RingfenceError as error:
        yield Skipped(kind="listener", subject="listening ports", reason=f"not asked: {error.what}")
        return
    yield from find_listeners(snapshot, door)


def _left_out(request: ScanRequest) -> tuple[Skipped, ...]:
    if request.home is not None:
        reason = "another home is looked at, not the running machine"
        return tuple(
            Skipped(kind=kind, subject="this machine", reason=reason)
            for kind in ("process", "listener", "accelerator")
        )
    wanted = {"process": request.processes, "listener": request.listeners, "accelerator": request.processes}
    return tuple(
        Skipped(kind=kind, subject="this machine", reason="not asked for")
        for kind, asked in wanted.items()
        if not asked
    )
