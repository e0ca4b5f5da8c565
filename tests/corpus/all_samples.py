"""The whole corpus, and what belongs to which half."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from corpus import corpus_broken
from corpus.blind import blind_calls, blind_containers, blind_detours, blind_formats
from corpus.corpus_samples import Kind, Sample
from corpus.informed import informed_files, informed_pickles, informed_programs
from corpus.second_look import (
    second_containers,
    second_documents,
    second_gadgets,
    second_graphs,
    second_programs,
    second_roads,
    second_zips,
)

__all__ = ["BLIND", "BROKEN", "INFORMED", "REFERRING", "SECOND_LOOK", "samples"]

# Written without knowledge of the detector too, when it had been improved after a look at the first.
SECOND_LOOK: dict[str, Kind] = (
    second_gadgets.KINDS
    | second_roads.KINDS
    | second_containers.KINDS
    | second_documents.KINDS
    | second_graphs.KINDS
    | second_programs.KINDS
    | second_zips.KINDS
)
BLIND: dict[str, Kind] = (
    blind_calls.KINDS | blind_detours.KINDS | blind_containers.KINDS | blind_formats.KINDS | SECOND_LOOK
)
INFORMED: dict[str, Kind] = informed_pickles.KINDS | informed_files.KINDS | informed_programs.KINDS
# Name code that is not in the file and may be honest: nobody can tell, so they are never clean or known.
REFERRING: dict[str, Kind] = {
    "remote_code": second_documents.remote_code,
    "keras_own": second_graphs.keras_own,
}
BROKEN: dict[str, Kind] = corpus_broken.KINDS


def samples(kinds: dict[str, Kind], *, seed: int = 1) -> Iterator[tuple[str, Sample]]:
    """Every sample with its kind, each content once per kind; the same for the same seed.

    Its name is a path: a folder of its own, so that the file keeps the name that it goes by.
    """
    for kind, made in kinds.items():
        seen: set[bytes] = set()
        for number, sample in enumerate(made(Random(f"{seed} {kind}"))):
            digest = hashlib.sha256(sample.name.encode() + b"\0" + sample.data).digest()
            if digest not in seen:
                seen.add(digest)
                yield kind, replace(sample, name=f"{kind}/{number:04}/{sample.name}")
