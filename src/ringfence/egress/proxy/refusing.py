"""A refusal as a program reads it: JSON where it asks for that, else text that git and people are shown."""

import json

from ringfence.egress.messages import Manner, Refused
from ringfence.protocols.http import Headers, RequestHead, ResponseHead

__all__ = ["malformed", "mismatched", "too_slow", "unreachable", "written"]

_REASONS = {
    204: "No Content",
    400: "Bad Request",
    403: "Forbidden",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


def written(refused: Refused, request: RequestHead | None) -> tuple[ResponseHead, bytes]:
    """The response and its body. `request` is None where it could not be read."""
    if refused.manner is Manner.EMPTY:
        return ResponseHead(status=204, reason=_REASONS[204], headers=Headers()), b""
    if request is not None and _wants_json(request):
        # The shape that clients of model APIs show their users.
        error = {"type": "ringfence_refused", "message": refused.what, "hint": refused.hint}
        kind, body = "application/json", json.dumps({"error": error}, ensure_ascii=False) + "\n"
    else:
        kind = "text/plain; charset=utf-8"
        body = f"ringfence: {refused.what}\nringfence: hint: {refused.hint}\n"
    headers = (("Content-Type", kind), ("Cache-Control", "no-store"), ("X-Ringfence", "refused"))
    head = ResponseHead(
        status=refused.status, reason=_REASONS.get(refused.status, "Refused"), headers=Headers(headers)
    )
    return head, body.encode()


def malformed(what: str) -> Refused:
    """Of a request that can be read in two ways, or in none."""
    return Refused(what=what, hint="send it as the standards say; a library does", status=400)


def mismatched(what: str) -> Refused:
    """Of a request that names another host than its connection was made for."""
    return Refused(what=what, hint="connect to the host that the request is for", status=421)


def unreachable(what: str, *, hint: str = "try again later; it is not refused") -> Refused:
    """Of a host that did not answer, or not as it should."""
    return Refused(what=what, hint=hint, status=502)


def too_slow(what: str) -> Refused:
    """Of a host that took too long."""
    return Refused(what=what, hint="try again later, or ask for less at one time", status=504)


def _wants_json(request: RequestHead) -> bool:
    wanted = ",".join(request.headers.all("accept")).lower()
    sent = ",".join(request.headers.all("content-type")).lower()
    return "json" in wanted or ("json" in sent and "text/plain" not in wanted)
