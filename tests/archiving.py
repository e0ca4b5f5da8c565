"""Archives made in memory, and what is judged of them. The payload is harmless: it prints a word."""

import io
import os
import pickle
import tarfile

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.judging import Judged, judge, judging_budget
from ringfence.artifacts.reader import Reader

__all__ = ["GOOD", "PAYLOAD", "checks", "judged", "tar_of", "tar_with"]


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo hi",)


PAYLOAD = pickle.dumps(_Payload())
GOOD = pickle.dumps({"weights": [1, 2, 3]})


def judged(data: bytes, name: str = "", budget: Budget | None = None) -> Judged:
    """What is judged of a file of those bytes."""
    return judge(Reader.of_bytes(data, budget=budget or judging_budget()), name=name)


def checks(data: bytes, name: str = "", budget: Budget | None = None) -> tuple[str, list[str]]:
    """The verdict, and what led to it or beside it: severity, check and the file within."""
    found = judged(data, name, budget)
    return found.judgement.verdict, sorted({f"{e.severity} {e.check} {e.within}" for e in found.spotted})


def tar_of(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar file of those names and contents."""
    infos = []
    for name, data in members:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        infos.append((info, data))
    return tar_with(*infos, form=form)


def tar_with(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar file of those members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()
