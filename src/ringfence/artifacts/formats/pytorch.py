"""PyTorch's zip files, TorchScript among them: a pickle beside raw storages.

The archive's names are checked and the pickle is walked over; no storage is read, nothing is loaded.

Source: pytorch/caffe2/serialize/inline_container.h and torch/serialization.py, version 2.x.
"""

from collections.abc import Iterator

from ringfence.artifacts import pickle_walk, torch_archive, torch_storages, zip_directory
from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.zip_directory import Member
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_VERSION_BYTES = 20


def _sniff(reader: Reader) -> bool:
    first = zip_directory.first_name(reader)
    if not first:
        return False
    if torch_archive.is_main_pickle(first.decode("utf-8", "replace")):
        return True
    found = reader.once(zip_directory.directory)
    if found is None or b"/data.pkl" not in found.data.lower():
        return False
    return any(map(torch_archive.is_main_pickle, reader.once(zip_directory.names)))


def _sniff_named(reader: Reader) -> bool:
    """One that is cut short: TorchScript's archives do not begin with the pickle."""
    return bool(zip_directory.first_name(reader)) and reader.once(zip_directory.directory) is None


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=_runs_code(reader))
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))
    yield from zip_directory.check_members(reader, members)
    pickled = next((member for member in members if torch_archive.is_main_pickle(member.name)), None)
    if pickled is None:
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="the directory does not list the pickle")
    folder = pickled.name.partition("/")[0] + "/"
    by_name = {member.name: member for member in members}
    if version := by_name.get(folder + "version"):
        text = zip_directory.content(reader, version, max_bytes=_VERSION_BYTES)
        yield Fact(name=FactName.VERSION, value=text.decode("ascii", "replace").strip())
    yield from _pickle_facts(reader, pickled)


FORMAT = Format(
    name="pytorch",
    title="PyTorch (zip)",
    suffixes=(".pt", ".pth", ".ckpt", ".bin"),
    sniff=_sniff,
    starts=(zip_directory.LOCAL,),
    sniff_named=_sniff_named,
    read=_read,
    judge=torch_archive.judge,
    judges_structure=True,
)


def _runs_code(reader: Reader) -> tuple[str, ...]:
    found = reader.once(zip_directory.directory)
    script = found and (b"/constants.pkl" in found.data or b"/code/" in found.data)
    return ("pickle", "torchscript") if script else ("pickle",)


def _pickle_facts(reader: Reader, member: Member) -> Iterator[Fact | Problem]:
    inside = zip_directory.opened(reader, member)
    found = pickle_walk.Pickle()
    cut_short = inside.size_bytes == LIMITS.inflated_bytes < member.inflated_bytes
    wrong = pickle_walk.walk_tolerantly(inside, found)
    if wrong and cut_short:
        detail = f"{member.inflated_bytes} bytes of compressed pickle"
        yield Problem(kind=ProblemKind.OVER_LIMIT, at=member.at, detail=detail)
    elif wrong:
        yield Problem(kind=wrong.kind, at=member.at, detail=f"the pickle: {wrong.detail}")
    yield from torch_storages.facts(found)
