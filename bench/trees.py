"""The trees that are scanned: made once, kept below `.cache/bench`, holding nothing but generated files."""

import os
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["header_tree", "large_tree", "many_files_tree"]

_SETTLED_S = 2.5  # before that, a digest cache rightly keeps nothing
_MANY_FILES = 299_800
_MODELS = 200
_LARGE_FILES = 8
_LARGE_BYTES = 1536 << 20
_HEADERS = 1000
_HEADER_BYTES = 20_000
_SMALL_NAMES = ("module_{}.py", "{}.json", "image-{}.png", "{}.d.ts", "notes {}.md", "lib{}.so.1")


def many_files_tree(place: Path) -> Path:
    """300,000 files in 3,300 folders, 200 of which are models of a little over 1 MiB."""
    return _made(place / "many", _many_files)


def large_tree(place: Path) -> Path:
    """12 GiB of models in 8 files: all holes, so that disks do not count."""
    return _made(place / "large", _large_files)


def header_tree(place: Path) -> Path:
    """1,000 models whose headers take 20 KB."""
    return _made(place / "headers", _headers)


def _made(tree: Path, make: Callable[[Path], None]) -> Path:
    done = tree.with_name(f"{tree.name}.done")
    if not done.exists():
        print(f"making {tree} …", flush=True)
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir(parents=True)
        make(tree)
        done.touch()
        time.sleep(_SETTLED_S)
    return tree


def _many_files(tree: Path) -> None:
    folders = [tree / f"project{a:02}" / f"package{b:02}" for a in range(33) for b in range(100)]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        fd = os.open(folder, os.O_RDONLY)
        for file in range(number, _MANY_FILES, len(folders)):
            name = _SMALL_NAMES[file % len(_SMALL_NAMES)].format(file)
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        os.close(fd)
    for number in range(_MODELS):
        suffix = "gguf" if number % 2 else "bin"
        _write_model(folders[number * 16] / f"model-{number}.{suffix}", number, tensor_bytes=(1 << 20) + 8)


def _large_files(tree: Path) -> None:
    for number in range(_LARGE_FILES):
        _write_model(tree / f"model-{number}.gguf", number, tensor_bytes=_LARGE_BYTES)


def _headers(tree: Path) -> None:
    for number in range(_HEADERS):
        _write_model(tree / f"model-{number}.gguf", number, tensor_bytes=4096, header_bytes=_HEADER_BYTES)


def _write_model(path: Path, number: int, *, tensor_bytes: int, header_bytes: int = 0) -> None:
    """A GGUF file with one tensor of zeros, its header at least so long."""
    words = [b"token%06d" % each for each in range(max(0, header_bytes - 400) // 19)]
    keys = [
        _string(b"general.architecture") + struct.pack("<I", 8) + _string(b"llama"),
        _string(b"general.name") + struct.pack("<I", 8) + _string(b"Bench %d" % number),
        _string(b"general.license") + struct.pack("<I", 8) + _string(b"apache-2.0"),
        _string(b"tokenizer.ggml.tokens")
        + struct.pack("<IIQ", 9, 8, len(words))
        + b"".join(map(_string, words)),
    ]
    tensor = _string(b"token_embd.weight") + struct.pack("<IQIQ", 1, tensor_bytes // 4, 0, 0)
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(keys)) + b"".join(keys) + tensor
    data = -(-len(header) // 32) * 32
    with path.open("wb") as file:
        file.write(header)
        file.truncate(data + tensor_bytes)


def _string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text
