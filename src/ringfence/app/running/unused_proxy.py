"""A proxy that the user's variables name and boxes do not go through, because no policy says so."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ringfence.core.text import printable
from ringfence.policy.egressing import egressing
from ringfence.policy.policy import Policy

__all__ = ["unused_proxy"]

_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_SCHEMES = {"http": "http", "https": "https", "socks5": "socks5", "socks5h": "socks5"}


def unused_proxy(policy: Policy, agent: str, environment: Mapping[str, str]) -> str | None:
    """What a person is told of it, with what would help; the login that it may hold is left out.

    Variables are not taken as a policy's word: whatever starts ringfence sets them.
    """
    said = egressing(policy.document, agent)
    name = next((each for each in _VARIABLES if environment.get(each)), None)
    if name is None or not said.hosts or any(each.upstream for each in said.upper):
        return None
    try:
        parts = urlsplit(environment[name])
        host, port = parts.hostname, parts.port or 3128
    except ValueError:
        return None
    if host is None or parts.scheme not in _SCHEMES:
        return None
    proxy = printable(f"{_SCHEMES[parts.scheme]}://{host}:{port}")
    return (
        f"{name} names a proxy that this box does not go through; where nothing else leads out, "
        f'put it into your policy: egress: {{upstream: [{{host: "*", proxy: "{proxy}"}}]}}'
    )
