"""How fast files are judged: dense pickles, checkpoints, many small files, long vocabularies.

Small files are what people keep beside their models (`bench/small_files.py`), of 5 kB on average. Tiny ones,
of two numbers each, stand in a row of their own: what they measure is how long each program takes to start
and to open a file, and ringfence does more of both: it knows all formats and not one, groups files into
models, and judges in processes apart.
"""

import os
import pickle
import pickletools
import shutil
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.measure import Result, by_turns, peak_bytes, ringfence, scan_environment, seconds
from bench.small_files import write_small_files

__all__ = ["judging"]

_OTHER = Path(__file__).resolve().parent / "scan/picklescan.txt"
_SAMPLE = 2  # counted up when what `_make` makes changes
_OPCODES, _FLOATS = 18_000_000, 3_000_000
_SMALL, _MANY = 2_000, 10_000
_TOKENS = 150_000
_CHECKPOINT_BYTES = 200_000_000


def judging(place: Path) -> Iterator[Result]:
    """One row for each limit."""
    folder = place / "judging"
    done = folder / f"made-{_SAMPLE}"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _make(folder)
        done.touch()
    other = _picklescan(place)
    yield from _dense(place, folder, other)
    yield _floats(place, folder)
    yield from _beyond_start(place, folder)
    yield from _many(place, folder, other)


def _dense(place: Path, folder: Path, other: str) -> Iterator[Result]:
    environment = scan_environment(place)
    ours = _inspect(folder / "dense.pkl")
    theirs = [other, "--path", str(folder / "dense.pkl")]
    took, others = seconds(ours, environment=environment), seconds(theirs, environment=environment)
    yield Result(
        name="a pickle of 18 million opcodes, against picklescan",
        measured=took / others,
        limit=0.25,
        detail=f"{took:.2f} s and {others:.2f} s",
    )
    peak, others_peak = (peak_bytes(each, environment=environment) for each in (ours, theirs))
    yield Result(
        name="its memory, against picklescan's",
        measured=peak / others_peak,
        limit=0.15,
        detail=f"{peak / 1e6:.0f} MB and {others_peak / 1e6:.0f} MB",
    )


def _floats(place: Path, folder: Path) -> Result:
    path = folder / "floats.pkl"
    environment = scan_environment(place)
    (took,) = by_turns(lambda: seconds(_inspect(path), environment=environment))
    (start,) = by_turns(lambda: seconds(_inspect(folder / "tiny.pkl"), environment=environment))
    started = time.perf_counter()
    with path.open("rb") as file:
        for _ in pickletools.genops(file):
            pass
    walked = time.perf_counter() - started
    return Result(
        name="a pickle of floats, against the rate of pickletools.genops",
        measured=walked / (took - start),
        limit=4,
        at_least=True,
        detail=f"{took - start:.2f} s beyond start-up, and {walked:.2f} s",
    )


def _beyond_start(place: Path, folder: Path) -> Iterator[Result]:
    environment = scan_environment(place)
    checkpoint, small, tokens, no_tokens = by_turns(
        *(
            lambda name=name: seconds(_inspect(folder / name), environment=environment)
            for name in ("large.pt", "small.pt", "tokens.gguf", "none.gguf")
        )
    )
    yield Result(
        name="a checkpoint of 200 MB, beyond start-up",
        measured=(checkpoint - small) * 1000,
        limit=150,
        unit=" ms",
        detail=f"{checkpoint * 1000:.0f} ms and {small * 1000:.0f} ms",
    )
    yield Result(
        name="a GGUF header with 150,000 tokens, beyond start-up",
        measured=(tokens - no_tokens) * 1000,
        limit=50,
        unit=" ms",
        detail=f"{tokens * 1000:.0f} ms and {no_tokens * 1000:.0f} ms",
    )


def _many(place: Path, folder: Path, other: str) -> Iterator[Result]:
    environment = scan_environment(place)
    for kind in ("small", "tiny"):
        ours, theirs = _inspect(folder / kind), [other, "--path", str(folder / kind)]
        took, others = by_turns(
            partial(seconds, ours, environment=environment), partial(seconds, theirs, environment=environment)
        )
        yield Result(
            name=f"{_SMALL:,} {kind} files, against picklescan",
            measured=took / others,
            limit=0.5,
            detail=f"{took:.2f} s and {others:.2f} s",
        )
    few, many = folder / "tiny", folder / "many"
    few_peak, many_peak = (peak_bytes(_inspect(each), environment=environment) for each in (few, many))
    yield Result(
        name=f"memory for {_MANY:,} files, against {_SMALL:,}",
        measured=many_peak / few_peak,
        limit=1.2,
        detail=f"{many_peak / 1e6:.0f} MB and {few_peak / 1e6:.0f} MB",
    )


def _inspect(path: Path) -> list[str]:
    """Nothing is recorded, as the other scanner records nothing."""
    return ringfence("inspect", path, "--no-hash", "--no-record", "--json")


def _picklescan(place: Path) -> str:
    """The other scanner's program, in an environment of its own."""
    home = place / "picklescan"
    program = home / "bin/picklescan"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(_OTHER)]
        subprocess.run(pip, check=True)
    return str(program)


def _make(folder: Path) -> None:
    (folder / "tiny.pkl").write_bytes(pickle.dumps([0.5], protocol=4))
    (folder / "dense.pkl").write_bytes(pickle.dumps([i & 255 for i in range(_OPCODES)], protocol=4))
    (folder / "floats.pkl").write_bytes(pickle.dumps([i / 7 for i in range(_FLOATS)], protocol=4))
    _write_checkpoint(folder / "small.pt", 4)
    _write_checkpoint(folder / "large.pt", _CHECKPOINT_BYTES)
    _write_gguf(folder / "none.gguf", 0)
    _write_gguf(folder / "tokens.gguf", _TOKENS)
    (folder / "small").mkdir()
    write_small_files(folder / "small", _SMALL)
    for name, count in (("tiny", _SMALL), ("many", _MANY)):
        (folder / name).mkdir()
        for i in range(count):
            (folder / name / f"{i}.pkl").write_bytes(pickle.dumps({"step": i, "loss": i / 7}, protocol=4))


def _write_checkpoint(path: Path, storage_bytes: int) -> None:
    """What torch.save writes for one tensor of floats."""
    count = storage_bytes // 4
    text = """\x80\x02}X\x01\x00\x00\x00wctorch._utils
_rebuild_tensor_v2
((X\x07\x00\x00\x00storagectorch
FloatStorage
X\x01\x00\x00\x000X\x03\x00\x00\x00cpu""".encode("latin-1")
    number = b"J" + struct.pack("<i", count)
    tail = number + b"tQK\x00" + number + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs."
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/data.pkl", text + tail)
        archive.writestr("model/byteorder", "little")
        archive.writestr("model/data/0", os.urandom(1 << 10) * (count * 4 >> 10) + bytes(count * 4 & 1023))
        archive.writestr("model/version", "3\n")


def _write_gguf(path: Path, tokens: int) -> None:
    def string(text: bytes) -> bytes:
        return struct.pack("<Q", len(text)) + text

    words = b"".join(string(b"token%06d" % i) for i in range(tokens))
    keys = string(b"general.architecture") + struct.pack("<I", 8) + string(b"llama")
    keys += string(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, tokens) + words
    header = b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + keys
    path.write_bytes(header + bytes(-len(header) % 32))
