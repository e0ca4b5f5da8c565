"""Fuzzes the vault's file, the body within its seal, the files that are taken in, and placeholders."""

import json
import os
import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.core.secrets import Secret
    from ringfence.vault.errors import CredentialRefused
    from ringfence.vault.file_format import BadFile, closed, opened
    from ringfence.vault.placeholders import placeholder
    from ringfence.vault.sealing import NotSealed, sealed
    from ringfence.vault.taking import taken

_KEY = Secret(b"k" * 32)
_HEAD = b'ringfence vault 1\n{"generation":7,"key":{"id":"00112233aabbccdd","place":"file"}}\n'


def _vault(data: bytes) -> None:
    with suppress(BadFile, NotSealed):
        opened(data, key=_KEY)
    within = _HEAD + sealed(data, key=_KEY, place=_HEAD, randomness=os.urandom)
    with suppress(BadFile):
        state = opened(within, key=_KEY)
        assert opened(closed(state, key=_KEY, randomness=os.urandom), key=_KEY) == state
        for each in state.entries:
            with suppress(BadFile):
                each.whole(_KEY)
    for name in (".env", ".netrc", "a.json"):
        with suppress(CredentialRefused):
            for found in taken(data, name):
                assert not [text for text in found.values.values() if len(text) > 40 and text in repr(found)]
    secret = data.decode("utf-8", "replace")
    if len(secret) >= 8 and secret.isprintable():
        made = placeholder(secret, os.urandom)
        assert len(made) == len(secret) and secret not in made
        json.dumps(made)


if __name__ == "__main__":
    atheris.Setup(sys.argv, _vault)
    atheris.Fuzz()
