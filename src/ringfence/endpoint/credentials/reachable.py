"""Secrets of a home that belong to no agent, and that every agent there can use: it runs as the same user.

Keyrings are only named. What lies in the keychains of macOS and Windows cannot be listed from a home's files.
"""

import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Credential
from ringfence.core.text import printable
from ringfence.endpoint.allowance import Allowance
from ringfence.endpoint.credentials.search import in_document, in_text_file
from ringfence.endpoint.credentials.secrets import kind_of, label
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.places import places, shown, status
from ringfence.endpoint.settings import read_jsonc, read_yaml

__all__ = ["KEYRING", "reachable"]

KEYRING = "keyring"
"""The kind of a credential that is a whole keyring."""

_TEXT = (
    *(f"~/{name}" for name in (".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv")),
    *(f"~/{name}" for name in (".zprofile", ".zlogin", ".env", ".npmrc", ".pypirc", ".netrc", "_netrc")),
    "xdg-config:fish/config.fish",
    "xdg-config:environment.d/*.conf",
    "~/.git-credentials",
    "xdg-config:git/credentials",
    "~/.aws/credentials",
)
_DOCUMENTS = (
    "xdg-config:gh/hosts.yml",
    "config:GitHub CLI/hosts.yml",
    "~/.docker/config.json",
    "xdg-config:gcloud/application_default_credentials.json",
)
_WHOLE_FILES = (  # each line is one secret
    ("huggingface-token", "~/.cache/huggingface/token"),
    ("huggingface-token", "~/.huggingface/token"),
    ("huggingface-token", "$HF_HOME/token"),
    ("huggingface-token", "$HF_TOKEN_PATH"),
)
_BY_NAME = (
    (KEYRING, "xdg-data:keyrings/*.keyring"),
    (KEYRING, "xdg-data:kwalletd/*.kwl"),
    ("ssh-private-key", "~/.ssh/id_*"),
)
_NOT_READ = {
    System.MACOS: ("Library/Keychains", "the macOS keychain is not read: what agents keep in it is unknown"),
    System.WINDOWS: (
        "AppData/Local/Microsoft/Credentials",
        "the Windows credential manager is not read: what agents keep in it is unknown",
    ),
}


class _Search(Protocol):
    """Finds the secrets of one file."""

    def __call__(self, path: Path, *, shown: str) -> Iterator[Credential | Skipped]: ...


def reachable(home: Home, allowance: Allowance) -> Iterator[Credential | Skipped]:
    """The secrets in the running user's environment, and in the files where people and tools keep them."""
    for name in sorted(home.environment):
        kind = kind_of(name, home.environment[name])
        if kind:
            yield Credential(kind=kind, location=f"environment: {label(name)}")
    for place in _TEXT:
        yield from _each(home, place, in_text_file, allowance)
    for whole, place in _WHOLE_FILES:
        yield from _each(home, place, partial(in_text_file, secret_lines=whole), allowance)
    for place in _DOCUMENTS:
        yield from _each(home, place, _in_document_file, allowance)
    for kind, place in _BY_NAME:
        for path in _files(home, place):
            if isinstance(path, Skipped):
                yield path
            elif path.suffix != ".pub":
                yield Credential(kind=kind, location=shown(path, home))
    if home.system in _NOT_READ:
        folder, reason = _NOT_READ[home.system]
        yield Skipped(kind="credential", subject=printable(str(home.path / folder)), reason=reason)


def _each(home: Home, place: str, search: _Search, allowance: Allowance) -> Iterator[Credential | Skipped]:
    for path in _files(home, place):
        if isinstance(path, Skipped):
            yield path
        elif allowance.is_spent:
            reason = f"reading others took {LIMITS.settings_s:.0f} s"
            yield Skipped(kind="credential", subject=printable(str(path)), reason=reason)
        else:
            with allowance:
                found = list(search(path, shown=shown(path, home)))
            yield from found


def _files(home: Home, place: str) -> Iterator[Path | Skipped]:
    """The regular files at `place`."""
    for path in places(home, place):
        if isinstance(path, Skipped):
            yield path
            continue
        found = status(path, home)
        if isinstance(found, Skipped):
            yield found
        elif found is not None and not stat.S_ISREG(found.st_mode):
            yield Skipped(kind="file", subject=printable(str(path)), reason="not a regular file")
        elif found is not None:
            yield path


def _in_document_file(path: Path, *, shown: str) -> Iterator[Credential | Skipped]:
    document = read_yaml(path) if path.suffix == ".yml" else read_jsonc(path)
    if isinstance(document, Skipped):
        yield document
    else:
        yield from in_document(document, shown=shown, auth_file=True)
