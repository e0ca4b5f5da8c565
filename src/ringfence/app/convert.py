"""A PyTorch checkpoint rewritten as safetensors, without its pickle ever being executed.

Only what is judged clean, or to consist of nothing but well-known libraries' classes, is converted. What is
written is read back and compared before it gets its name.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import IO, Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors import safetensors_file
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.artifacts.tensors.torch_tensors import Checkpoint, checkpoint
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode, RingfenceError, UnreadableScope, UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.core.verdicts import Verdict
from ringfence.endpoint.new_files import AlreadyThere, new_file
from ringfence.endpoint.opening import NotOpened, opened

__all__ = ["Converted", "Refused", "convert"]

_CHECKPOINTS: Final = ("pytorch", "pytorch-legacy")
_READ_BACK_BYTES: Final = 4 * 1024 * 1024
_SMALLEST_GROWTH_BYTES: Final = 1 << 20  # files that small may grow as they like
_NAMES_SHOWN: Final = 3


class Refused(RingfenceError):
    """The file is not converted, because of what it is."""

    code = ExitCode.FAILED_AS_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What was written. Names are foreign text."""

    path: Path
    verdict: Verdict  # of the checkpoint
    tensors: int
    size_bytes: int
    sha256: str
    shared: tuple[tuple[str, str], ...]  # written twice, because they are the same bytes as another
    left_out: tuple[str, ...]  # the first of what is no tensor
    left_out_count: int


def convert(source: Path, target: Path, *, key: str | None, force: bool) -> Converted:
    """Writes the tensors of the checkpoint at `source`, those below `key` if there is one.

    Raises:
        Refused: what it is judged to be, what is wrong with it, or what safetensors has no place for.
        UnreadableScope: it cannot be read.
        UsageError: `target` exists and is not to be replaced, or cannot be written; there is no such key.
    """
    try:
        with opened(source) as fd:
            before = _state(fd)
            verdict = _judged(fd, source.name)
            found = _found(fd, key)
            _check(found, before[0])
            size, digest = _write(found.tensors, target, force=force, unchanged=lambda: _state(fd) == before)
    except NotOpened as error:
        raise UnreadableScope(
            f"{printable(str(source))}: {error.reason}", hint="name a checkpoint that you may read"
        ) from error
    return Converted(
        path=target,
        verdict=verdict,
        tensors=len(found.tensors),
        size_bytes=size,
        sha256=digest,
        shared=found.shared,
        left_out=found.left_out,
        left_out_count=found.left_out_count,
    )


def _state(fd: int) -> tuple[int, int, int]:
    status = os.fstat(fd)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _judged(fd: int, name: str) -> Verdict:
    """The verdict, if it allows to go on."""
    found = judge(Reader.of_fd(fd, budget=judging_budget()), name=name)
    verdict = found.judgement.verdict
    if found.format not in _CHECKPOINTS:
        raise Refused(
            f"{printable(name)}: no checkpoint of PyTorch but {found.format or 'of a format not known here'}",
            hint="only what torch.save writes can be converted",
        )
    if verdict > Verdict.KNOWN_LIBRARY:
        reasons = ", ".join(found.judgement.reasons)
        raise Refused(
            f"{printable(name)}: its verdict is {verdict}: {printable(reasons)}",
            hint="only clean files and those of known libraries are converted; `ringfence inspect` says more",
        )
    return verdict


def _found(fd: int, key: str | None) -> Checkpoint:
    """What the checkpoint holds, if all of it can be converted."""
    try:
        found = checkpoint(Reader.of_fd(fd, budget=_budget(os.fstat(fd).st_size)), key=key)
    except KeyError:
        raise UsageError(
            f"the checkpoint has no key {clip(printable(str(key)), chars=LIMITS.evidence_chars)!r}",
            hint="name a key of its outermost dictionary, e.g. --key state_dict, or leave --key out",
        ) from None
    except Malformed as wrong:
        raise _wrong(wrong) from wrong
    if found.unconvertible:
        name, why = found.unconvertible[0]
        more = f" (and {len(found.unconvertible) - 1} more)" if len(found.unconvertible) > 1 else ""
        raise Refused(
            f"safetensors has no place for {_shown((name,))}: {why}{more}",
            hint="convert what else there is by --key, or turn the tensor into a plain one where it is made",
        )
    if not found.tensors:
        raise Refused(
            "there are no tensors in its dictionaries"
            + (f", only {_shown(found.left_out)}" if found.left_out else ""),
            hint="save the model's state_dict(), not the model",
        )
    return found


def _check(found: Checkpoint, size_bytes: int) -> None:
    """Whether the result stays within bounds: a view may show one number a billion times."""
    total = sum(each.size_bytes for each in found.tensors)
    most = LIMITS.converted_growth * max(size_bytes, _SMALLEST_GROWTH_BYTES)
    if total > most:
        raise Refused(
            f"its tensors would take {total} bytes, of a file of {size_bytes}",
            hint="its tensors show the same bytes many times over; save them as they are meant",
        )


def _budget(size_bytes: int) -> Budget:
    """Each tensor is read once, and those that share their bytes as often as they may be written."""
    most = (LIMITS.converted_growth + 2) * max(size_bytes, _SMALLEST_GROWTH_BYTES)
    return Budget(read_bytes=most + LIMITS.gathered_bytes, inflated_bytes=LIMITS.judged_total_inflated_bytes)


def _write(
    tensors: Iterable[Tensor], target: Path, *, force: bool, unchanged: Callable[[], bool]
) -> tuple[int, str]:
    """Bytes and SHA-256 of the new file, which has been read back."""
    try:
        with new_file(target, replace=force) as file:
            start, _ = safetensors_file.header(tensors)
            digest = hashlib.sha256()
            for piece in safetensors_file.written(tensors):
                file.write(piece)
                digest.update(piece)
            file.flush()
            if not unchanged():
                raise Refused("the checkpoint changed while it was read", hint="try again when nobody writes")
            if not _reads_back(file, start, digest.digest()):
                raise UsageError("what was written reads back differently", hint="look after the disk")
            return file.tell(), digest.hexdigest()
    except AlreadyThere:
        raise UsageError(
            f"{printable(str(target))}: is there already", hint="name another file, or use --force"
        ) from None
    except Malformed as wrong:
        raise _wrong(wrong) from wrong
    except OSError as error:
        raise UsageError(
            f"{printable(str(target))}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file in a folder that exists, that you may write to and that has room",
        ) from error


def _reads_back(file: IO[bytes], start: bytes, digest: bytes) -> bool:
    """Whether the file holds what was written to it, from its first byte to its last."""
    file.seek(0)
    if file.read(len(start)) != start:
        return False
    found = hashlib.sha256(start)
    while piece := file.read(_READ_BACK_BYTES):
        found.update(piece)
    return found.digest() == digest


def _wrong(wrong: Malformed) -> Refused:
    return Refused(
        f"the checkpoint cannot be converted: {printable(wrong.problem.detail)}",
        hint="no honest program writes such a file; get it from its publisher again",
    )


def _shown(names: Iterable[str]) -> str:
    return ", ".join(clip(printable(each), chars=80) for each in islice(names, _NAMES_SHOWN))
