"""Judges a folder with everything below it: whether its files are all there and say the same."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

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
)
from ringfence.artifacts.folders.folder import Directory, Folder, directories
from ringfence.artifacts.spotted import Spotted
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
)


def judge_folder(
    folder: Folder, *, feeds: Feeds = NO_FEEDS, model: str | None = None
) -> Iterator[tuple[str, Spotted]]:
    """What does not fit together, each with the name of the file that it is about.

    `model` is the folder's repository on a hub, org/name, where a store knows it. Of one check in one file
    at most `limits.judged_findings` are told of each severity. Never raises for what lies in the folder.
    """
    told: Counter[tuple[str, str, Severity]] = Counter()
    for name, spotted in _all(folder, feeds, model):
        told[name, spotted.check, spotted.severity] += 1
        if told[name, spotted.check, spotted.severity] <= LIMITS.judged_findings:
            yield name, spotted


def _all(folder: Folder, feeds: Feeds, model: str | None) -> Iterator[tuple[str, Spotted]]:
    for directory in directories(folder):
        for judge in _JUDGES:
            yield from judge(directory)
        yield from templates.judge(directory, feeds, model)
    yield from ollama.judge(folder)
