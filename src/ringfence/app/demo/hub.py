"""The Hugging Face cache and `--local-dir` downloads, as huggingface_hub 2 writes them.

A blob is named by its ETag: SHA-256 for files in large-file storage, git's SHA-1 for the others.
Source: huggingface_hub file_download.py and _local_folder.py.
"""

from collections.abc import Mapping
from dataclasses import field

from ringfence.app.demo.entries import Entries, Entry, Link, git_sha1, sha256, under
from ringfence.core.dataclass import dataclass

__all__ = ["Repository", "cache", "card", "local_dir"]

_IN_LARGE_FILE_STORAGE = (".safetensors", ".gguf", ".bin")
_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This file is a cache directory tag created by huggingface_hub.\n"
    b"# For information about cache directory tags, see:\n"
    b"#\thttps://bford.info/cachedir/\n"
)
_DOWNLOADED_AT = 1_760_000_000.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One commit of a model repository."""

    name: str  # org/name
    commit: str  # 40 hexadecimal digits
    files: Mapping[str, bytes]
    lies: Mapping[str, str] = field(default_factory=dict)  # file → an ETag that is not its own

    def etag(self, name: str) -> str:
        """What the hub calls the file's content."""
        data = self.files[name]
        true = sha256(data) if name.endswith(_IN_LARGE_FILE_STORAGE) else git_sha1(data)
        return self.lies.get(name, true)


def cache(*repositories: Repository) -> Entries:
    """A cache that holds these repositories."""
    entries: dict[str, Entry] = {"CACHEDIR.TAG": _TAG}
    for repository in repositories:
        entries |= under(f"models--{repository.name.replace('/', '--')}", _cached(repository))
    return entries


def _cached(repository: Repository) -> Entries:
    entries: dict[str, Entry] = {
        "refs/main": repository.commit.encode(),
        f".no_exist/{repository.commit}/adapter_config.json": b"",
    }
    for name, data in repository.files.items():
        etag = repository.etag(name)
        up = "../" * (2 + name.count("/"))
        entries[f"blobs/{etag}"] = data
        entries[f"snapshots/{repository.commit}/{name}"] = Link(target=f"{up}blobs/{etag}")
    return entries


def local_dir(repository: Repository) -> Entries:
    """A folder into which the repository was downloaded with `--local-dir`."""
    entries: dict[str, Entry] = {
        ".cache/huggingface/CACHEDIR.TAG": _TAG,
        ".cache/huggingface/.gitignore": b"*",
    }
    for name, data in repository.files.items():
        record = f"{repository.commit}\n{repository.etag(name)}\n{_DOWNLOADED_AT}\n"
        entries[name] = data
        entries[f".cache/huggingface/download/{name}.metadata"] = record.encode()
    return entries


def card(title: str, *, license_id: str, base_model: str | None = None) -> bytes:
    """A README whose front matter states the license, as model cards do."""
    base = f"base_model: {base_model}\n" if base_model else ""
    return f"---\nlicense: {license_id}\n{base}tags:\n- demo\n---\n\n# {title}\n\nRandom weights.\n".encode()
