"""Heads of requests and responses, from bytes and back."""

import re

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.targets import absolute_target, authority

__all__ = ["check_names", "check_text", "head_end", "read_request_head", "read_response_head", "write_head"]

_HEAD_BYTES = LIMITS.http_head_bytes
_HEADERS = LIMITS.http_headers
_BLANK = b"\r\n\r\n"
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_NAME = re.compile(_WORD)
_REQUEST_LINE = re.compile(r"([A-Z][A-Z0-9_-]{0,31}) ([^ \t\r]+) HTTP/1\.([01])\r\n")
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\r]*))?\r\n")
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
    text = _text(data)
    line = _REQUEST_LINE.match(text)
    if line is None:
        raise BadHttp("this is no request of HTTP/1.1")
    method, target, minor = line.groups()
    headers = _fields(data, text, line.end())
    hosts = sum(1 for name, _ in headers if len(name) == 4 and name.lower() == "host")
    if hosts > 1 or (not hosts and minor == "1"):
        raise BadHttp("several host headers" if hosts else "no host header")
    _check_form(method, target)
    return RequestHead(method=method, target=target, headers=Headers(headers), version=f"1.{minor}")


def read_response_head(data: bytes) -> ResponseHead:
    """The response that `data`, up to its blank line, is the head of.

    Raises:
        BadHttp: it is none, or can be read in two ways.
    """
    text = _text(data)
    line = _STATUS_LINE.match(text)
    if line is None:
        raise BadHttp("this is no response of HTTP/1.1")
    minor, status, reason = line.groups()
    headers = Headers(_fields(data, text, line.end()))
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
    check_names(head.headers)
    fields = "".join([f"{name}: {value}\r\n" for name, value in head.headers])
    try:
        data = f"{first}{fields}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise BadHttp("a header has characters that no header can have") from None
    if data.translate(None, _LINES) or not _has_lines(data, len(head.headers.items) + 2):
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


def _text(data: bytes) -> str:
    if len(data) > _HEAD_BYTES:
        raise BadHttp(f"a head is longer than {_HEAD_BYTES} bytes")
    if not data.endswith(_BLANK):
        raise BadHttp("a head has no end")
    if data.translate(None, _LINES):
        raise BadHttp("a head has a control character")
    if not _has_lines(data, data.count(b"\r\n")):
        raise BadHttp("a line ends without a carriage return, or a line feed")
    return data.decode("latin-1")


def _has_lines(data: bytes, lines: int) -> bool:
    """Whether each carriage return and each line feed is part of the end of one of so many lines."""
    return data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n") == lines


def _fields(data: bytes, text: str, start: int) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = _FIELDS.findall(text, start)
    if len(found) != data.count(b"\r\n") - 2:
        raise BadHttp("a header's name is none, or its line is folded")
    if len(found) > _HEADERS:
        raise BadHttp(f"more than {_HEADERS} headers")
    if " \r" in text or "\t\r" in text:
        found = [(name, value.rstrip(" \t")) for name, value in found]
    fields = (*found,)
    if "_" in text:
        check_names(Headers(fields))
    return fields


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
