"""What torch.export and AOTInductor write (.pt2): programs as JSON, raw weights, pickles, native libraries.

Source: torch/export/pt2_archive in PyTorch 2.15.
"""

from collections.abc import Iterator

from ringfence.artifacts import torch_archive, zip_directory
from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.zip_directory import Member
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

_MARK = "/archive_format"


def _sniff(reader: Reader) -> bool:
    found = reader.once(zip_directory.directory)
    if not zip_directory.first_name(reader) or found is None or _MARK.encode() not in found.data:
        return False
    return any(name.partition("/")[2] == _MARK[1:] for name in reader.once(zip_directory.names))


def _sniff_named(reader: Reader) -> bool:
    """One that is cut short."""
    return bool(zip_directory.first_name(reader)) and reader.once(zip_directory.directory) is None


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))
    native = any("/data/aotinductor/" in member.name for member in members)
    yield Fact(name=FactName.RUNS_CODE, value=("native libraries", "pickle") if native else ("pickle",))
    yield from zip_directory.check_members(reader, members)


FORMAT = Format(
    name="pytorch-export",
    title="PyTorch export (.pt2)",
    suffixes=(".pt2",),
    sniff=_sniff,
    sniff_named=_sniff_named,
    starts=(zip_directory.LOCAL,),
    read=_read,
    judge=torch_archive.judge,
    judges_structure=True,
)
