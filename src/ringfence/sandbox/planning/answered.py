"""What a box has whose network is answered: the session's authority beside the system's, and the variables.

Programs find authorities in a system file, or where a variable says, or both; all of these lead to one text.
Most programs need no proxy variables, as whatever they dial is answered; some are quicker with them.
"""

from collections.abc import Iterator
from itertools import count

from ringfence.sandbox.plan import Mount, MountKind, Network, Why
from ringfence.sandbox.planning.host import BUNDLES, Host, Kind, followed
from ringfence.sandbox.planning.wanted import WantedNetwork

__all__ = ["AUTHORITIES", "answered_mounts", "answered_variables", "network_of"]

AUTHORITIES = "/etc/ringfence-authorities.pem"  # within
_OF_AUTHORITIES = (
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT"),
    *("NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE"),
)
_OF_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_NOT_PROXIED = "localhost,127.0.0.1,::1"
_PROXY_PORT = 3128
_ALWAYS = frozenset({53, 80, 443})
_WHY = Why(text="authorities")


def network_of(wanted: WantedNetwork) -> Network:
    """The network of the plan. The proxy's port is none of those that the policy names."""
    ports = tuple(sorted({*wanted.ports} - _ALWAYS))
    return Network(ports=ports, proxy_port=next(port for port in count(_PROXY_PORT) if port not in ports))


def answered_mounts(wanted: WantedNetwork, host: Host) -> Iterator[Mount]:
    """The system's authorities and the session's as one file, there and in place of the system's files."""
    system_s = host.authorities().rstrip(b"\n")
    content = (system_s + b"\n" if system_s else b"") + wanted.ca_pem.encode()
    ways = (followed(each, host.files.kind, host.files.link) for each in BUNDLES)
    files = (each.path for each in ways if each is not None and host.files.kind(each.path) is Kind.FILE)
    for path in dict.fromkeys((AUTHORITIES, *files)):
        yield Mount(target=path, kind=MountKind.FILE, content=content, mode=0o644, why=_WHY, runs=False)


def answered_variables(network: Network) -> dict[str, str]:
    """Where the authorities are, and the proxy."""
    proxy = f"http://127.0.0.1:{network.proxy_port}"
    return {
        **dict.fromkeys(_OF_AUTHORITIES, AUTHORITIES),
        **dict.fromkeys(_OF_PROXY, proxy),
        "NO_PROXY": _NOT_PROXIED,
        "no_proxy": _NOT_PROXIED,
    }
