"""`ringfence convert FILE -o FILE.safetensors`: a checkpoint without its pickle."""

import argparse
import os
from pathlib import Path

from ringfence.app.convert import Converted, convert
from ringfence.cli.sizes import show_size
from ringfence.cli.streams import tell, write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import clip, printable

__all__ = ["run"]

_NAMES_SHOWN = 8
_NAME_CHARS = 60


def run(options: argparse.Namespace) -> int:
    """Writes the file; what became of it goes to standard output, what was left out to standard error."""
    for path in (options.path, options.output):
        if str(path) == "-" and not os.path.lexists("-"):
            raise UsageError("neither checkpoints nor safetensors files are streams", hint="name a file")
    done = convert(options.path, options.output, key=options.key, force=options.force)
    for line in _remarks(done):
        tell(line)
    tensors = f"{done.tensors} tensor{'' if done.tensors == 1 else 's'}"
    write(
        f"{printable(str(Path(done.path)))}  {tensors}  {show_size(done.size_bytes)}  sha256 {done.sha256}\n"
    )
    return ExitCode.DONE


def _remarks(done: Converted) -> list[str]:
    remarks = []
    if done.left_out_count:
        remarks.append(f"left out, no tensors: {_some(done.left_out, done.left_out_count)}")
    if done.shared:
        pairs = tuple(f"{name} = {other}" for name, other in done.shared)
        remarks.append(f"written twice, the same bytes: {_some(pairs, len(pairs))}")
    return remarks


def _some(names: tuple[str, ...], count: int) -> str:
    shown = names[:_NAMES_SHOWN]
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    return ", ".join(clip(printable(each), chars=_NAME_CHARS) for each in shown) + more
