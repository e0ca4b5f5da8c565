"""What the parts of a credential may look like. A problem is told in words and never with the value."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ringfence.core.limits import LIMITS
from ringfence.core.redaction import redact_name

__all__ = [
    "SHORTEST",
    "Problem",
    "Shape",
    "header_name",
    "line",
    "password",
    "pem",
    "pointer",
    "template",
    "token",
    "url",
]

Problem = str | None
"""Why a value does not do; None when it does."""

Shape = Callable[[str], Problem]

SHORTEST = 8
_RSA_BITS = 2048
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SET_BY_CLIENTS = frozenset(
    {"connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)
_TEMPLATE = re.compile(r"/[A-Za-z0-9._~:@!$&'()*+,;=/-]{0,200}")
_POINTER = re.compile(r"(?:/(?:[^~/\x00-\x1f\x7f]|~[01]){1,100}){1,16}")


def token(value: str) -> Problem:
    """Goes into a header or an address: visible ASCII, no blanks."""
    if not (value.isascii() and value.isprintable()) or " " in value:
        return "it has blanks, control characters or characters outside ASCII"
    return _length(value)


def password(value: str) -> Problem:
    """Anything that is typed, no control characters."""
    if not value.isprintable():
        return "it has control characters"
    return _length(value)


def pem(value: str) -> Problem:
    """A private RSA key in PEM, without a passphrase."""
    if len(value) > LIMITS.vault_secret_chars:
        return f"it has more than {LIMITS.vault_secret_chars} characters"
    try:
        key = load_pem_private_key(value.encode(), password=None)
    except TypeError:
        return "the key has a passphrase of its own; take that off first (openssl pkey)"
    except (ValueError, UnsupportedAlgorithm):
        return "this is no private key in PEM"
    if not isinstance(key, RSAPrivateKey) or key.key_size < _RSA_BITS:
        return f"this is no RSA key of {_RSA_BITS} bits or more"
    return None


def line(value: str) -> Problem:
    """An id or a name that is no secret."""
    if not value or len(value) > LIMITS.name_chars or not (value.isascii() and value.isprintable()):
        return f"it takes 1 to {LIMITS.name_chars} visible characters"
    if redact_name(value) != value:
        return "this looks like a secret, and it is none of the parts that are kept as one"
    return None


def header_name(value: str) -> Problem:
    """A header's name, none that says how the message is framed."""
    if not _HEADER.fullmatch(value):
        return "this is no header's name"
    if value.lower() in _SET_BY_CLIENTS:
        return "this header says how a message is sent, not who sends it"
    return line(value)


def template(value: str) -> Problem:
    """A path with `{}` once, where the secret stands."""
    if value.count("{}") != 1 or not _TEMPLATE.fullmatch(value.replace("{}", "-")):
        return "it takes a path with {} once, where the secret stands: /bot{}/"
    if any(part in (".", "..") for part in value.split("/")):
        return "a path has no . or .. in it"
    return line(value)


def pointer(value: str) -> Problem:
    """A JSON pointer (RFC 6901) to something within a document."""
    return line(value) if _POINTER.fullmatch(value) else "this is no JSON pointer, such as /d/token"


def url(value: str) -> Problem:
    """An HTTPS address without a user part and a fragment."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return "this is no address"
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.fragment or parts.query:
        return "it takes an address with https:// and nothing but host and path"
    return line(value)


def _length(value: str) -> Problem:
    if len(value) < SHORTEST:
        return f"it has fewer than {SHORTEST} characters, too few to be told apart from other text"
    if len(value) > LIMITS.vault_secret_chars:
        return f"it has more than {LIMITS.vault_secret_chars} characters"
    return None
