"""Heads of requests and responses, from bytes and back."""

import re
from functools import lru_cache

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.targets import absolute_target, authority

__all__ = ["check_names", "check_text", "head_end", "read_request_head", "read_response_head", "write_head"]

_HEAD_BYTES = LIMITS.http_head_bytes
_HEADERS = LIMITS.http_headers
_BLANK = b"\r\n\r\n"
_KEPT, _KEPT_BYTES = 64, 4 * 1024
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_NAME = re.compile(_WORD)
_REQUEST_LINE = re.compile(r"([A-Z][A-Z0-9_-]{0,31}) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])\r\n")
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
# Lines that do not fit are left out, so that fewer are found than there are.
_FIELDS = re.compile(rf"^({_WORD}):[ \t]*([^\r]*)\r\n", re.MULTILINE)
_TEXT = b"\t" + bytes(each for each in range(0x20, 0x100) if each != 0x7F)
_LINES = _TEXT + b"\r\n"
# Servers that give headers to programs as variables take `_` and `-` for the same.
_NEVER_SPELLED_ODDLY = frozenset({"content-length", "transfer-encoding", "host", "connection", "upgrade"})


def head_end(buffer: bytes | bytearray, searched: int = 0) -> int | None:
    """Where the head at the beginning of `buffer` ends, behind its blank line; None: it goes on.

    `searched` is how long the buffer was when it was last asked about.

    Raises:
        BadHttp: it is longer than heads may be, or has lines that end otherwise.
    """
    start = max(searched - 3, 0)
    end = buffer.find(_BLANK, start)
    if end < 0 and (b"\n\n" in buffer[start:] or b"\n\r\n" in buffer[start:]):
        raise BadHttp("a line ends without a carriage return")
    if end + 4 > _HEAD_BYTES or (end < 0 and len(buffer) > _HEAD_BYTES):
        raise BadHttp(f"a head is longer than {_HEAD_BYTES} bytes")
    return None if end < 0 else end + 4


def read_request_head(data: bytes) -> RequestHead:
    """The request that `data`, up to its blank line, is the head of. Its target is as sent.

    Raises:
        BadHttp: it is none, or can be read in two ways.
    """
    line, fields = _split(data, _REQUEST_LINE, "this is no request of HTTP/1.1")
    method, target, minor = line.groups()
    headers = _kept_headers(fields) if len(fields) <= _KEPT_BYTES else _headers(fields)
    hosts = len(headers.all("host"))
    if hosts > 1 or (not hosts and minor == "1"):
        raise BadHttp("several host headers" if hosts else "no host header")
    _check_form(method, target)
    return RequestHead(method=method, target=target, headers=headers, version=f"1.{minor}")


def read_response_head(data: bytes, *, keeps: bool = False) -> ResponseHead:
    """The response that `data`, up to its blank line, is the head of.

    `keeps`: its headers may stay in memory, to be known when they come again. No secret is among them then.

    Raises:
        BadHttp: it is none, or can be read in two ways.
    """
    line, fields = _split(data, _STATUS_LINE, "this is no response of HTTP/1.1")
    minor, status, reason = line.groups()
    headers = _kept_headers(fields) if keeps and len(fields) <= _KEPT_BYTES else _headers(fields)
    return ResponseHead(status=int(status), headers=headers, reason=reason or "", version=f"1.{minor}")


def write_head(head: RequestHead | ResponseHead) -> bytes:
    """The head as HTTP/1.1, with its blank line.

    Raises:
        BadHttp: something in it would be read as more than what it is.
    """
    if isinstance(head, RequestHead):
        first = f"{head.method} {head.target} HTTP/1.1\r\n"
        is_whole = _REQUEST_LINE.fullmatch(first)
    else:
        first = f"HTTP/1.1 {head.status} {head.reason}\r\n"
        is_whole = _STATUS_LINE.fullmatch(first)
    if not is_whole:
        raise BadHttp("the first line cannot be written")
    return first.encode("latin-1") + head.headers.once(_written)


def _written(headers: Headers) -> bytes:
    """All behind the first line, with the blank line."""
    check_names(headers)
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
    try:
        data = f"{fields}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise BadHttp("a header has characters that no header can have") from None
    if data.translate(None, _LINES) or not _has_lines(data, len(headers.items) + 1):
        raise BadHttp("a header has a control character")
    return data


def check_names(headers: Headers) -> None:
    """Raises BadHttp where a name is none, or would be taken for another by some."""
    for name, _ in headers:
        if not _NAME.fullmatch(name):
            raise BadHttp("a header's name has characters that no name can have")
        if "_" in name and name.lower().replace("_", "-") in _NEVER_SPELLED_ODDLY:
            raise BadHttp("a header's name is spelled with an underscore")


def check_text(data: bytes) -> None:
    """Raises BadHttp where a header's value has control characters."""
    if data.translate(None, _TEXT):
        raise BadHttp("a header has a control character")


def _split(data: bytes, first: re.Pattern[str], otherwise: str) -> tuple[re.Match[str], bytes]:
    """The first line, and what is behind it.

    Raises:
        BadHttp: it is another one.
    """
    if len(data) > _HEAD_BYTES:
        raise BadHttp(f"a head is longer than {_HEAD_BYTES} bytes")
    end = data.find(b"\r\n") + 2
    line = first.fullmatch(data[:end].decode("latin-1"))
    if line is None:
        _text(data[:end])  # which says what is wrong with it, where that is a character
        raise BadHttp(otherwise)
    return line, data[end:]


def _text(data: bytes) -> str:
    if data.translate(None, _LINES):
        raise BadHttp("a head has a control character")
    if not _has_lines(data, data.count(b"\r\n")):
        raise BadHttp("a line ends without a carriage return, or a line feed")
    return data.decode("latin-1")


def _has_lines(data: bytes, lines: int) -> bool:
    """Whether each carriage return and each line feed is part of the end of one of so many lines."""
    return data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n") == lines


def _headers(data: bytes) -> Headers:
    """Of all that stands behind the first line, up to the blank line."""
    text = _text(data)
    if not (data.endswith(_BLANK) or data == _BLANK[2:]):
        raise BadHttp("a head has no end")
    found: list[tuple[str, str]] = _FIELDS.findall(text)
    if len(found) != data.count(b"\r\n") - 1:
        raise BadHttp("a header's name is none, or its line is folded")
    if len(found) > _HEADERS:
        raise BadHttp(f"more than {_HEADERS} headers")
    if " \r" in text or "\t\r" in text:
        found = [(name, value.rstrip(" \t")) for name, value in found]
    headers = Headers((*found,))
    if "_" in text:
        check_names(headers)
    return headers


_kept_headers = lru_cache(maxsize=_KEPT)(_headers)  # a connection's requests mostly have the same


def _check_form(method: str, target: str) -> None:
    """Raises BadHttp where the target has a form that the method does not have."""
    if len(target) > LIMITS.http_target_chars:
        raise BadHttp(f"a target is longer than {LIMITS.http_target_chars} characters")
    if method == "CONNECT":
        if authority(target)[1] is None:
            raise BadHttp("CONNECT names no port")
    elif target[0] == "/" or (target == "*" and method == "OPTIONS"):
        return
    else:
        absolute_target(target)
