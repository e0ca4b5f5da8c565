"""Whether a credential may be used for a request: what it is bound to, compared as policies compare.

A pattern of hosts without a port is for the port that its kind has: 443, or 5432 of PostgreSQL.
"""

from urllib.parse import urlsplit

from ringfence.core.actions import FieldKind
from ringfence.egress.injecting.places import Placed
from ringfence.policy.canonical import canonical
from ringfence.policy.globs import glob
from ringfence.vault.credential import Binding, host_and_port

__all__ = ["HTTPS_PORT", "POSTGRESQL_PORT", "allows", "is_token_url", "may_use", "serves"]

HTTPS_PORT, POSTGRESQL_PORT = 443, 5432
_REQUEST_PATH = canonical("path", FieldKind.NAME)


def serves(binding: Binding, host: str, port: int, *, usual: int = HTTPS_PORT) -> bool:
    """Whether the credential is bound to this host and port, whatever the request."""
    for pattern in binding.hosts:
        named, told = host_and_port(pattern)
        if port == (usual if told is None else told) and glob(named, FieldKind.HOST).fits(host):
            return True
    return False


def allows(
    binding: Binding, host: str, port: int, *, method: str, path: str, usual: int = HTTPS_PORT
) -> bool:
    """Whether it may be used for this request. `path` is canonical and has no query."""
    if not serves(binding, host, port, usual=usual):
        return False
    if binding.methods and method not in binding.methods:
        return False
    if not binding.paths:
        return True
    known = path if _REQUEST_PATH is None else _REQUEST_PATH(path)
    return known is not None and any(glob(each, FieldKind.NAME).fits(known) for each in binding.paths)


def may_use(binding: Binding, placed: Placed, host: str, port: int, *, method: str, path: str) -> bool:
    """The same for one placeholder: a refresh token goes to where its tokens are got, and nowhere else."""
    if placed.meant.part == "refresh_token":
        return is_token_url(placed.meant.said("token_url"), host, port, path) and method == "POST"
    return allows(binding, host, port, method=method, path=path)


def is_token_url(url: str, host: str, port: int, path: str) -> bool:
    """Whether this is the address where tokens are got."""
    parts = urlsplit(url)
    return (parts.hostname, parts.port or HTTPS_PORT, parts.path or "/") == (host, port, path)
