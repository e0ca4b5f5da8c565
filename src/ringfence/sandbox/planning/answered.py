"""What a box has whose network is answered: the session's authority beside the system's, and the variables.

Programs find authorities in a system file, or where a variable says, or both; all of these lead to one text.
Java has the session's alone, in a store of its own, and so has OpenSSL where it looks into a folder.
Most programs need no proxy variables, as whatever they dial is answered; some are quicker with them.
"""

from collections.abc import Iterator
from itertools import count

from ringfence.sandbox.plan import Mount, MountKind, Network, Why
from ringfence.sandbox.planning.host import BUNDLES, Host, Kind, followed
from ringfence.sandbox.planning.wanted import WantedNetwork

__all__ = [
    "AUTHORITIES",
    "BUNDLE",
    "FOLDER",
    "JAVA_STORE",
    "answered_mounts",
    "answered_variables",
    "authorities",
    "network_of",
]

AUTHORITIES = "/etc/ringfence-authorities.pem"  # within
BUNDLE = "authorities.pem"  # in the session's folder
FOLDER = "/etc/ringfence-authorities"  # as OpenSSL reads folders
JAVA_STORE = "/etc/ringfence-authorities.jks"
_OF_AUTHORITIES = (
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT"),
    *("NODE_EXTRA_CA_CERTS", "NPM_CONFIG_CAFILE", "DENO_CERT", "CARGO_HTTP_CAINFO", "AWS_CA_BUNDLE"),
    *("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"),
    *("PERL_LWP_SSL_CA_FILE", "CODEX_CA_CERTIFICATE"),
)
_OF_JAVA = f"-Djavax.net.ssl.trustStore={JAVA_STORE} -Djavax.net.ssl.trustStoreType=JKS"
_OF_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
_NOT_PROXIED = "localhost,127.0.0.1,::1"
_PROXY_PORT = 3128
_DNS = 53
_ALWAYS = frozenset({_DNS, 80, 443})
_WHY = Why(text="authorities")


def network_of(wanted: WantedNetwork) -> Network:
    """The network of the plan. The proxy's port is none of those that the policy names."""
    ports, own = tuple(sorted({*wanted.ports} - _ALWAYS)), tuple(sorted({*wanted.own_ports} - {_DNS}))
    proxy = next(port for port in count(_PROXY_PORT) if port not in (*ports, *own))
    return Network(ports=ports, own_ports=own, proxy_port=proxy)


def authorities(wanted: WantedNetwork, host: Host) -> bytes:
    """The system's authorities and the session's, as one text: what `answered_mounts` shows from a file."""
    system_s = host.authorities().rstrip(b"\n")
    return (system_s + b"\n" if system_s else b"") + wanted.ca_pem.encode()


def answered_mounts(wanted: WantedNetwork, host: Host, *, bundle: str) -> Iterator[Mount]:
    """The file of the host that holds `authorities`, there and in place of the system's files.

    Java's store and OpenSSL's folder have the session's; without one they are not there.

    Raises:
        ValueError: what should be the session's is no certificate.
    """
    ways = (followed(each, host.files.kind, host.files.link) for each in BUNDLES)
    files = (each.path for each in ways if each is not None and host.files.kind(each.path) is Kind.FILE)
    for path in dict.fromkeys((AUTHORITIES, *files)):
        yield Mount(target=path, kind=MountKind.READ, source=bundle, why=_WHY, runs=False)
    if wanted.ca_pem:
        from ringfence.sandbox.planning.authority_forms import hashed_name, java_store

        own = {
            f"{FOLDER}/{hashed_name(wanted.ca_pem)}": wanted.ca_pem.encode(),
            JAVA_STORE: java_store(wanted.ca_pem),
        }
        for path, text in own.items():
            yield Mount(target=path, kind=MountKind.FILE, content=text, mode=0o644, why=_WHY, runs=False)


def answered_variables(network: Network) -> dict[str, str]:
    """Where the authorities are, and the proxy."""
    proxy = f"http://127.0.0.1:{network.proxy_port}"
    return {
        **dict.fromkeys(_OF_AUTHORITIES, AUTHORITIES),
        "SSL_CERT_DIR": FOLDER,
        "JAVA_TOOL_OPTIONS": _OF_JAVA,
        **dict.fromkeys(_OF_PROXY, proxy),
        "NO_PROXY": _NOT_PROXIED,
        "no_proxy": _NOT_PROXIED,
    }
