"""NVIDIA NeMo: a tar file with model_config.yaml beside the weights, which are a PyTorch checkpoint.

Source: NeMo's core/connectors/save_restore_connector.py.
"""

from collections.abc import Iterator
from itertools import islice

from ringfence.artifacts import tars
from ringfence.artifacts.archive_paths import parts_of
from ringfence.artifacts.format import Child, Format
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tar_headers import members_from, starts_tar
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_CONFIGURATION = ["model_config.yaml"]
_WEIGHTS = (".ckpt", ".pt", ".bin")
_SNIFFED_MEMBERS = 64


def _sniff(reader: Reader) -> bool:
    return starts_tar(reader) and any(
        parts_of(member.name) == _CONFIGURATION
        for member in islice(members_from(reader, 0), _SNIFFED_MEMBERS)
    )


def _read(reader: Reader) -> Iterator[Fact | Problem | Child]:
    yield Fact(name=FactName.RUNS_CODE, value=("pickle",))
    count = 0
    for member in islice(members_from(reader, 0), LIMITS.model_files):
        count += 1
        if member.name.endswith(_WEIGHTS) and member.size_bytes:
            yield Child(offset=member.data_at, size_bytes=member.size_bytes)
    yield Fact(name=FactName.MEMBERS, value=count)


FORMAT = Format(
    name="nemo",
    title="NeMo",
    suffixes=(".nemo",),
    sniff=_sniff,
    read=_read,
    judge=tars.judge,
    judges_structure=True,
)
