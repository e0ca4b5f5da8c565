"""Judges a folder with everything below it: whether its files are all there and say the same."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.feeds import NO_FEEDS, Feeds
from ringfence.artifacts.folders import (
    adapters,
    cards,
    configurations,
    external_data,
    ollama,
    references,
    shards,
    templates,
    vocabularies,
)
from ringfence.artifacts.folders.folder import Directory, Folder, directories
from ringfence.artifacts.problems import Malformed, as_spotted
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Facts
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_folder"]

_JUDGES: Final[tuple[Callable[[Directory], Iterator[tuple[str, Spotted]]], ...]] = (
    shards.judge,
    configurations.judge,
    adapters.judge,
    cards.judge,
    references.judge,
    external_data.judge,
    vocabularies.judge,
)


def judge_folder(
    folder: Folder, *, feeds: Feeds = NO_FEEDS, model: str | None = None, budget: Budget | None = None
) -> Iterator[tuple[str, Spotted]]:
    """What does not fit together, each with the name of the file that it is about.

    `model` is the folder's repository on a hub, org/name, where a store knows it. Of one check in one file
    at most `limits.judged_findings` are told of each severity. Never raises for what lies in the folder: when
    the budget's time is over, that is told of the folder itself, whose name is empty.
    """
    clock = budget or Budget(read_bytes=LIMITS.judged_bytes, seconds=LIMITS.judged_s)
    told: Counter[tuple[str, str, Severity]] = Counter()
    for name, spotted in _all(_Timed(folder, clock), feeds, model, clock):
        told[name, spotted.check, spotted.severity] += 1
        if told[name, spotted.check, spotted.severity] <= LIMITS.judged_findings:
            yield name, spotted


def _all(folder: Folder, feeds: Feeds, model: str | None, clock: Budget) -> Iterator[tuple[str, Spotted]]:
    try:
        for directory in directories(folder):
            for judge in _JUDGES:
                clock.check_time(at=None)
                yield from judge(directory)
            yield from templates.judge(directory, feeds, model)
            yield from vocabularies.judge_known(directory, feeds, model)
        yield from ollama.judge(folder, budget=clock)
    except Malformed as stop:
        yield "", as_spotted(stop.problem)


class _Timed:
    """The folder, of which nothing is read when the time is over."""

    def __init__(self, folder: Folder, clock: Budget) -> None:
        self._folder = folder
        self._clock = clock

    @property
    def names(self) -> Mapping[str, int]:
        return self._folder.names

    def read(self, name: str, max_bytes: int) -> bytes | None:
        self._clock.check_time(at=None)
        return self._folder.read(name, max_bytes)

    def reader(self, name: str) -> AbstractContextManager[Reader]:
        self._clock.check_time(at=None)
        return self._folder.reader(name)

    def facts(self, name: str) -> Facts:
        self._clock.check_time(at=None)
        return self._folder.facts(name)
