"""What may stand in a rule that is proposed: nothing private, nothing that looks like something else.

Each function says why not, in words of our own; None where nothing speaks against it.
"""

import ipaddress
import re
from collections.abc import Iterable

from ringfence.core.actions import FieldKind
from ringfence.core.redaction import redact, redact_name
from ringfence.policy.canonical import canonical

__all__ = ["unfit_host", "unfit_parameter", "unfit_path", "unfit_text"]

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_PRIVATE = frozenset(
    {
        *(
            "arpa",
            "corp",
            "home",
            "internal",
            "intranet",
            "invalid",
            "lan",
            "local",
            "localdomain",
            "localhost",
        ),
        *("onion", "private"),
    }
)
"""Last labels of names that lead to nothing public (RFC 6761, 6762, 8375, 9476, and what networks use)."""
_LABEL_CHARS = 32  # of a part of a name; longer ones carry data rather than name something
_NAME_CHARS = 100
_PATH_CHARS = 200
_PARAMETER = re.compile(r"[A-Za-z0-9_.\[\]-]{1,40}")
_REQUEST_PATH = canonical("path", FieldKind.NAME)


def unfit_host(host: str) -> str | None:
    """Of a host that would be connected to."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return "an address without a name" if address.is_global else "a private address"
    labels = host.split(".")
    if not host.isascii() or any(each.startswith("xn--") for each in labels):
        return "letters that may look like others"
    if len(labels) == 1 or labels[-1] in _PRIVATE:
        return "a private name"
    if not _HOST.fullmatch(host) or labels[-1].isdigit():
        return "no name of a host"
    if len(host) > _NAME_CHARS or max(map(len, labels)) > _LABEL_CHARS or _holds_secret(host):
        return "a name that may carry data"
    return None


def unfit_path(path: str) -> str | None:
    """Of a request's path."""
    if unfit_text(path) or not path.startswith("/") or (_REQUEST_PATH and _REQUEST_PATH(path) != path):
        return "a path that no pattern says plainly"
    if len(path) > _PATH_CHARS or any(map(_holds_secret, path.split("/"))):
        return "a path that may carry data"
    return None


def unfit_parameter(names: Iterable[str]) -> str | None:
    """Of the names of a request's parameters."""
    if not all(_PARAMETER.fullmatch(each) for each in names):
        return "parameters that no pattern says plainly"
    return None


def unfit_text(text: str) -> str | None:
    """Of any text that would stand in a pattern."""
    is_plain = text.isascii() and text.isprintable() and 0 < len(text) <= _PATH_CHARS
    return None if is_plain else "letters that may look like others"


def _holds_secret(part: str) -> bool:
    return redact((part,)) != (part,) or redact_name(part) != part
