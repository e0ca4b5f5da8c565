"""Fuzzes what every foreign document and name goes through: JSON, and text made harmless."""

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.core.bounded_json import BadJson, parse
    from ringfence.core.digests import parse_sha256
    from ringfence.core.text import clip, printable


def _text(data: bytes) -> None:
    with suppress(BadJson):
        parse(data)
    for text in (data.decode("utf-8", "surrogateescape"), data.decode("utf-16", "replace")):
        shown = printable(text)
        assert printable(shown) == shown
        shown.encode()
        assert shown == text or not (text.isascii() and text.isprintable())
        assert len(clip(shown, chars=20)) <= 20
        parse_sha256(text)


if __name__ == "__main__":
    atheris.Setup(sys.argv, _text)
    atheris.Fuzz()
