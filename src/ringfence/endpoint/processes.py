"""Processes that hold weights or inference libraries, whatever they call themselves."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Process
from ringfence.core.redaction import redact
from ringfence.core.text import clip, printable
from ringfence.endpoint.found import FileId
from ringfence.endpoint.platform import HeldFile, RunningProcess, Snapshot
from ringfence.endpoint.runtime_signs import inference_libraries, runtime_of

__all__ = ["IsModel", "find_processes", "weights_of"]

IsModel = Callable[[Path, FileId | None], bool]
"""Whether the file at that path, or of that device and inode where known, is a weight file by its content."""

_WEIGHT_SUFFIXES = (
    *(
        ".gguf",
        ".ggml",
        ".llamafile",
        ".safetensors",
        ".onnx",
        ".ort",
        ".tflite",
        ".litertlm",
        ".pt",
        ".ckpt",
    ),
    *(".keras", ".mlmodelc", ".rkllm", ".rknn", ".engine", ".ggmlv3"),
)


def find_processes(snapshot: Snapshot, is_model: IsModel) -> Iterator[Process | Skipped]:
    """Each process with weights, an inference library or the marks of a runtime; then what could not be seen.

    `is_model` tells weight files that their names do not give away.
    """
    for running in snapshot.processes:
        process = _examined(running, is_model)
        if process is not None:
            yield process
    yield from snapshot.skipped


def weights_of(running: RunningProcess, is_model: IsModel) -> tuple[tuple[Path, str], ...]:
    """The weight files that the process has mapped, open or on its command line, each with the verb."""
    found: dict[Path, str] = {}
    for file in running.files:
        if file.path.suffix.lower() in _WEIGHT_SUFFIXES or _in_ollama(file) or is_model(file.path, file.id):
            how = ("maps" if file.mapped else "has open") + (" (deleted)" if file.deleted else "")
            found.setdefault(file.path, how)
    for path in _named(running):
        if path not in found and (is_model(path, None) or _exists_as_weights(path)):
            found[path] = "names"
    return tuple(found.items())[: LIMITS.model_files]


def _examined(running: RunningProcess, is_model: IsModel) -> Process | None:
    weights = weights_of(running, is_model)
    libraries = inference_libraries(running)
    runtime = runtime_of(running)
    if not (weights or libraries or runtime):
        return None
    evidence = [runtime[1]] if runtime else []
    evidence += [f"{how} {path}" for path, how in weights]
    evidence += [f"maps {name}" for name in libraries]
    return Process(
        pid=running.pid,
        name=running.name,
        user=running.user,
        command=_shown(running.arguments),
        runtime=runtime[0] if runtime else None,
        libraries=libraries[: LIMITS.evidence_items],
        models=tuple(path for path, _ in weights),
        evidence=tuple(_harmless(text) for text in evidence[: LIMITS.evidence_items]),
    )


def _shown(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_harmless(argument) for argument in redact(arguments))


def _harmless(text: str) -> str:
    return clip(printable(text), chars=LIMITS.evidence_chars)


def _in_ollama(file: HeldFile) -> bool:
    """Ollama's blobs have no suffix; mapped ones are weights, as the rest is small text that is read."""
    return file.mapped and file.path.parent.name == "blobs" and file.path.name.startswith("sha256-")


def _named(running: RunningProcess) -> Iterator[Path]:
    """What could be paths among the arguments: whole, or behind `--flag=`."""
    for argument in running.arguments[1:]:
        for text in {argument, argument.partition("=")[2]}:
            if not text or text.startswith("-") or "\n" in text or len(text) > 4096:
                continue
            path = Path(text)
            if path.is_absolute() or running.folder is not None:
                yield Path(os.path.normpath((running.folder or Path("/")) / path))


def _exists_as_weights(path: Path) -> bool:
    return path.suffix.lower() in _WEIGHT_SUFFIXES and os.path.isfile(path)  # noqa: PTH113 - never raises
