"""One HTTP answer out of the bytes that a stranger sent. Pure, total, and never larger than what came in.

Source: RFC 9112. Read leniently, since only recognition hangs on it: what cannot be read is no answer.
"""

import re

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Answer", "parse_answer", "wants_more"]

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,100}\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a listener said to one GET. Redirects and compressed bodies are taken as they are."""

    path: str  # what was asked
    status: int
    server: str  # the Server header, or nothing
    body: bytes  # at most limits.probe_answer_bytes, perhaps cut off
    document: Json  # the body as JSON; None when it is none

    @property
    def ok(self) -> bool:
        """Whether it was answered and not refused."""
        return self.status == 200


def parse_answer(path: str, data: bytes) -> Answer | None:
    """The answer in `data`, whose body may be cut off; None when it is no HTTP or its header never ends."""
    status = _STATUS.match(data)
    end = _END.search(data, status.end() - 2) if status else None
    if status is None or end is None:
        return None
    head = data[status.end() : end.start()]
    body = data[end.end() :]
    if b"chunked" in _header(head, b"transfer-encoding").lower():
        body = _unchunked(body)
    return Answer(
        path=path,
        status=int(status[1]),
        server=_header(head, b"server").decode("utf-8", "replace"),
        body=body,
        document=_document(body),
    )


def wants_more(data: bytes) -> bool:
    """Whether reading on may bring more of the answer: false once it is whole, or is no HTTP at all."""
    if not data.startswith(b"HTTP/1."[: len(data)]):
        return False
    end = _END.search(data)
    if end is None:
        return True
    head, body = data[: end.start()], data[end.end() :]
    length = _header(head, b"content-length")
    if b"chunked" in _header(head, b"transfer-encoding").lower():
        return not body.endswith((b"0\r\n\r\n", b"0\n\n"))
    return not (length.isdigit() and len(length) < 12 and len(body) >= int(length))


def _header(head: bytes, name: bytes) -> bytes:
    match = re.search(rb"(?im)^" + re.escape(name) + rb":[ \t]*([^\r\n]{0,200})", head)
    return match[1].strip() if match else b""


def _unchunked(body: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while (size := _CHUNK.match(body, at)) and int(size[1], 16):
        parts.append(body[size.end() : size.end() + int(size[1], 16)])
        at = size.end() + int(size[1], 16)
        at += 2 if body[at : at + 2] == b"\r\n" else 1
    return b"".join(parts)


def _document(body: bytes) -> Json:
    if body.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return parse(body, max_bytes=LIMITS.probe_answer_bytes)
    except BadJson:
        return None
