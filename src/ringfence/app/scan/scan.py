"""One scan, step by step: `look` for what there is, `verify` what the stores claim, `judge` the models."""

from collections.abc import MutableMapping

from ringfence.app.scan.here import Here
from ringfence.app.scan.look import Look, look
from ringfence.app.scan.request import Progress, ScanRequest
from ringfence.artifacts.examine import Examined
from ringfence.core.dataclass import replace
from ringfence.core.inventory import Inventory

__all__ = ["Scan"]


class Scan:
    """One request on one machine. `look` comes first; `verify` needs what it found."""

    def __init__(
        self, request: ScanRequest, here: Here, *, known: MutableMapping[str, Examined] | None = None
    ) -> None:
        """`known` as `look` has it."""
        self._known = known
        self._request = request
        self._here = here
        self._look: Look | None = None

    def look(self, progress: Progress) -> Inventory:
        """Everything there is, with digests as claims.

        Raises:
            UnreadableScope: nothing of what was asked for can be read.
        """
        self._look = look(self._request, self._here, progress, known=self._known)
        return self._with_signals(self._look.inventory, self._look)

    def verify(self, progress: Progress) -> Inventory:
        """The same with digests computed, and signals that rest on them."""
        from ringfence.app.scan.verify import verify

        found = self._look or look(self._request, self._here, progress)
        return self._with_signals(verify(found, self._here, progress), found)

    def judge(self, inventory: Inventory, progress: Progress) -> Inventory:
        """The same with what may come of loading each model, and what the request's feeds say of it.

        Raises:
            UsageError: one of the feeds is none.
        """
        from ringfence.app.scan.judge import judge_models

        return judge_models(inventory, self._request.feeds, processes=self._here.cores, progress=progress)

    @property
    def listening(self) -> frozenset[tuple[str, int]] | None:
        """Every address and port that somebody listens at; None when nobody looked."""
        return self._look.listening if self._look else None

    def _with_signals(self, inventory: Inventory, found: Look) -> Inventory:
        from ringfence.endpoint.signals import all_signals

        signals = all_signals(
            models=inventory.models,
            listeners=inventory.listeners if found.looked_at_listeners else None,
            processes=inventory.processes if found.looked_at_processes else None,
            accelerators=inventory.accelerators if found.looked_at_processes else None,
            network=inventory.network,
            repositories=inventory.repositories,
            explanations=found.explanations,
            large_bytes=self._request.large_bytes,
        )
        return replace(inventory, signals=signals)
