"""What loading one of PyTorch's zip files would do: checkpoints, TorchScript, exported programs, packages.

All of them come from one writer: a folder for everything, pickles beside raw storages. Pickles are judged as
PyTorch reads them; of storages, which nobody takes for anything else, only the first bytes are looked at.

Source: torch/serialization.py, torch/package, torch/export/pt2_archive and
caffe2/serialize/inline_container.h in PyTorch 2.15.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts import zip_layout, zip_members
from ringfence.artifacts.format import Inside, Judge
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["is_main_pickle", "judge"]

_MAIN_PICKLE = "data.pkl"
_STORAGE = re.compile(r"(?:data|constants|tensors|traced_inputs)/\d+|\.data/\d+\.storage")
# An exported program's are raw too, but for those that are a file of torch.save.
_EXPORTED = re.compile(r"data/weights/weight_\d+|data/constants/tensor_\d+")
_OF_TORCH_SAVE = (b"PK\3\4", b"\x80\2\x8a")
_PROGRAM = re.compile(r"(?:models|data/(?:weights|constants|aotinductor))/.*\.json")
_PAYLOADS = re.compile(r"data/(?:weights|constants)/[^/]*_config\.json")
_NOTE = re.compile(
    r"version|byteorder|archive_format|archive_version|\.format_version|\.storage_alignment"
    r"|\.data/(?:version|serialization_id|python_version|extern_modules)"
)
_NOTED = re.compile(rb"[\w.+*\s-]*")
_NOTE_BYTES = 16 * 1024
_NATIVE = "data/aotinductor/"
_EXPORT_MARK = "archive_format"
_PACKAGE_MARK = ".data/extern_modules"
_PROGRAM_BYTES = 1024  # a program of Windows says that far behind its beginning what it is
_OF_SCRIPT = "__torch__."  # classes that TorchScript takes from the archive itself, never from Python


def is_main_pickle(name: str) -> bool:
    """Whether the member is what is loaded first. PyTorch does not tell upper from lower case."""
    folder, _, file = name.partition("/")
    return bool(folder) and file.lower() == _MAIN_PICKLE


def judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """What loading it would do, and the files in it that are judged by their content."""
    entries: list[Entry] = []
    for found in zip_layout.laid_out(reader):
        if isinstance(found, Entry):
            entries.append(found)
        else:
            yield found
    yield from _two_pickles(entries)
    native: list[str] = []
    paths = {_within_folder(entry.name) for entry in entries}
    exported, packed = _EXPORT_MARK in paths, _PACKAGE_MARK in paths
    loaded = _loaded_as_pickles(reader, entries) if exported else frozenset()
    for entry in entries:
        path = _within_folder(entry.name)
        if exported and path.startswith(_NATIVE) and not path.endswith(".json"):
            native.append(entry.name)
            continue
        yield from _program(reader, entry)
        if path.lower() in loaded and not _is_of_torch_save(reader, entry):
            yield from zip_members.inside(reader, entry, judge=_pickle, checks_crc=False)
        elif not _is_raw(reader, entry, path) and not _is_note(reader, entry, path):
            judge_as = _packed_code if packed and path.lower().endswith(".py") else _judge_of(path)
            yield from zip_members.inside(reader, entry, judge=judge_as, checks_crc=False)
    if native:
        yield _native_code(native)


def _within_folder(name: str) -> str:
    """The member's path in the archive's one folder, which may be called anything."""
    return name.partition("/")[2]


def _is_raw(reader: Reader, entry: Entry, path: str) -> bool:
    """Whether it is a storage, whose bytes nobody takes for anything else."""
    if _EXPORTED.fullmatch(path):
        return not _is_of_torch_save(reader, entry)
    return _STORAGE.fullmatch(path) is not None


def _is_of_torch_save(reader: Reader, entry: Entry) -> bool:
    """Whether its content tells that torch.save wrote it."""
    return zip_members.beginning(reader, entry, max_bytes=4).startswith(_OF_TORCH_SAVE)


def _loaded_as_pickles(reader: Reader, entries: list[Entry]) -> frozenset[str]:
    """The members that an exported program's lists of weights say are pickles, whatever they begin with.

    Their names are in lower case, as PyTorch does not tell it from upper case.
    """
    from ringfence.artifacts import torch_export

    found: set[str] = set()
    for entry in entries:
        path = _within_folder(entry.name)
        if _PAYLOADS.fullmatch(path) and not entry.is_link:
            reader.budget.check_time(at=entry.at)
            try:
                text = zip_members.beginning(reader, entry, max_bytes=LIMITS.judged_json_bytes + 1)
            except Malformed:  # which is told where the member is judged
                continue
            folder = path.rpartition("/")[0]
            found |= {f"{folder}/{name}".lower() for name in torch_export.pickled(text)}
    return frozenset(found)


def _is_note(reader: Reader, entry: Entry, path: str) -> bool:
    """Whether it is one of the short texts that PyTorch puts beside the pickle, with nothing else in it."""
    if not _NOTE.fullmatch(path) or entry.size_bytes > _NOTE_BYTES:
        return False
    text = zip_members.beginning(reader, entry, max_bytes=_NOTE_BYTES + 1)
    return len(text) <= _NOTE_BYTES and _NOTED.fullmatch(text) is not None


def _judge_of(path: str) -> Judge | None:
    """As what loaders take the member; None where its content tells."""
    lower = path.lower()
    if lower.endswith((".pkl", ".debug_pkl")):
        return _pickle
    if lower.startswith("code/") and lower.endswith(".py"):
        from ringfence.artifacts import torchscript

        return torchscript.judge
    if _PROGRAM.fullmatch(path):
        from ringfence.artifacts import torch_export

        return torch_export.judge
    return None


def _packed_code(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.code.python import judge_python

    if reader.size_bytes > LIMITS.python_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of Python")
    yield from judge_python(reader.at(0, reader.size_bytes), is_packed=True)


def _pickle(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.pickles.judge import judge as judge_pickle

    for found in judge_pickle(reader, with_storages=True):
        harmless = isinstance(found, Spotted) and found.severity == Severity.LOW
        if not (harmless and isinstance(found, Spotted) and found.evidence[0].startswith(_OF_SCRIPT)):
            yield found


def _two_pickles(entries: list[Entry]) -> Iterator[Spotted]:
    """PyTorch looks into the folder of the first member, others into the first folder that has a pickle."""
    found = [entry for entry in entries if is_main_pickle(entry.name)]
    if len(found) > 1:
        yield Spotted(
            check="pytorch-two-pickles",
            severity=Severity.HIGH,
            confidence=Confidence.CERTAIN,
            at=found[1].at,
            evidence=tuple(entry.name for entry in found[: LIMITS.evidence_items]),
            advice="do not load it: which of them is loaded depends on who loads it",
        )


def _program(reader: Reader, entry: Entry) -> Iterator[Spotted]:
    """That the member begins as a program does; only exports have native code, in a folder of its own."""
    from ringfence.artifacts import payloads

    if entry.is_link or not entry.size_bytes:
        return
    start = Reader.of_bytes(
        zip_members.beginning(reader, entry, max_bytes=_PROGRAM_BYTES), budget=reader.budget
    )
    if kind := payloads.program(start):
        yield Spotted(
            check="executable-among-models",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=entry.at,
            evidence=(f"{entry.name} begins as {kind} does",),
            advice="do not load it: weights need no native code",
        )


def _native_code(names: list[str]) -> Spotted:
    return Spotted(
        check="native-code",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=tuple(names[: LIMITS.evidence_items]),
        advice="load it only if you trust who compiled it: a program can do anything that you can do",
    )
