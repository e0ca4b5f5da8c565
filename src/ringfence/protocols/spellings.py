"""How a secret may be written in an answer: as it is, and as programs write text within other text.

Each spelling comes with the placeholder in the same spelling, so that who decodes it finds the placeholder.
In base64 a secret may begin at each of three places. What is written there of the secret alone is replaced:
of the character before and after it, which it shares with its neighbours, at most four bits are the secret's.
Base64 that is broken into lines is not known.

Sources: RFC 3986 (URLs), the WHATWG URL standard (forms), RFC 8259 (JSON), HTML's character references,
RFC 4648 (base64).
"""

import base64
import html
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from urllib.parse import quote, quote_plus

from ringfence.core.limits import LIMITS

__all__ = ["spellings"]

_Spelling = Callable[[bytes], bytes]

_OF_COMPONENTS = "!'()*"  # what encodeURIComponent leaves
_OF_ADDRESSES = _OF_COMPONENTS + ";/?:@&=+$,#"
_SHORTEST = 8  # what is shorter would be found where it is not meant
_SAFE_IN_PAGES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_SAFE_EVERYWHERE = {**_SAFE_IN_PAGES, "'": "\\u0027", "+": "\\u002b"}
_NONE: Mapping[str, str] = {}
_ENTITIES = {"/": "&#x2F;", "=": "&#x3D;", "`": "&#x60;"}


def spellings(secret: bytes, stand_in: bytes) -> dict[bytes, bytes]:
    """Every spelling of `secret` with what is put in its place; at most `scrubbed_spellings` of them."""
    made = {secret: stand_in}
    for _ in range(2):  # text in JSON in JSON, an address in a page
        for one, other in tuple(made.items()):
            for write in _WITHIN_TEXT:
                if len(made) < LIMITS.scrubbed_spellings:
                    made.setdefault(write(one), write(other))
    if len(secret) <= LIMITS.scrubbed_wholly_bytes:
        for write in _LETTER_BY_LETTER:
            made.setdefault(write(secret), write(stand_in))
    for one, other in zip(_in_base64(secret), _in_base64(stand_in), strict=True):
        for write in _WITHIN_BASE64:
            spelt = write(one)
            if len(spelt) >= _SHORTEST:
                made.setdefault(spelt, write(other))
    return made


def _in_base64(data: bytes) -> Iterator[bytes]:
    """What stands of `data` alone behind no, one, two other bytes; first where nothing comes after."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + data).rstrip(b"=")
        start, whole = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield written[start:]
        yield written[start:whole]


def _percent(data: bytes, *, safe: str = "", lower: bool = False, plus: bool = False) -> bytes:
    text = (quote_plus if plus else quote)(data, safe=safe)
    if not lower:
        return text.encode()
    first, *rest = text.split("%")
    return "%".join((first, *(each[:2].lower() + each[2:] for each in rest))).encode()


def _json(data: bytes, *, ascii_only: bool = True, more: Mapping[str, str] = _NONE) -> bytes:
    text = json.dumps(_text(data), ensure_ascii=ascii_only)[1:-1]
    return _bytes(text.translate({ord(each): text for each, text in more.items()}))


def _upper_json(data: bytes) -> bytes:
    first, *rest = _json(data, more=_SAFE_EVERYWHERE).split(b"\\u")
    return b"\\u".join((first, *(each[:4].upper() + each[4:] for each in rest)))


def _page(data: bytes, *, quotes: Mapping[str, str], more: Mapping[str, str] = _NONE) -> bytes:
    text = html.escape(_text(data), quote=False)
    return _bytes(text.translate({ord(each): text for each, text in {**quotes, **more}.items()}))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _units(data: bytes, form: str) -> bytes:
    return "".join(form.format(ord(each)) for each in _text(data)).encode()


def _url_alphabet(written: bytes) -> bytes:
    return written.replace(b"+", b"-").replace(b"/", b"_")


def _slashes(written: bytes) -> bytes:
    return written.replace(b"/", b"\\/")


_URL: tuple[_Spelling, ...] = (
    _percent,
    partial(_percent, lower=True),
)
_WITHIN_TEXT: tuple[_Spelling, ...] = (
    *_URL,
    _json,
    partial(_json, ascii_only=False),
    partial(_json, more={"/": "\\/"}),
    partial(_json, more=_SAFE_IN_PAGES),
    partial(_json, more=_SAFE_EVERYWHERE),
    _upper_json,
    partial(_percent, safe="/"),
    partial(_percent, safe="/", lower=True),
    partial(_percent, safe=_OF_COMPONENTS),
    partial(_percent, safe=_OF_ADDRESSES),
    partial(_percent, plus=True),
    partial(_page, quotes={'"': "&quot;", "'": "&#x27;"}),
    partial(_page, quotes={'"': "&quot;", "'": "&#39;"}),
    partial(_page, quotes={'"': "&#34;", "'": "&#39;"}),
    partial(_page, quotes={}),
    partial(_page, quotes={'"': "&quot;"}),
    partial(_page, quotes={'"': "&quot;", "'": "&#x27;"}, more=_ENTITIES),
    partial(_page, quotes={'"': "&#34;", "'": "&#39;"}, more={"+": "&#43;"}),
)
_LETTER_BY_LETTER: tuple[_Spelling, ...] = (
    lambda data: data.hex().encode(),
    lambda data: data.hex().upper().encode(),
    lambda data: "".join(f"%{each:02X}" for each in data).encode(),
    lambda data: "".join(f"%{each:02x}" for each in data).encode(),
    partial(_units, form="\\u{:04x}"),
    partial(_units, form="\\u{:04X}"),
    partial(_units, form="&#{};"),
    partial(_units, form="&#x{:x};"),
)
_WITHIN_BASE64: tuple[_Spelling, ...] = (bytes, _url_alphabet, _slashes, *_URL)
