"""Places of the host that no policy gives to a box, and credentials, which are masked in what it gives.

Sources: hier(7), file-hierarchy(7), each product's documentation of where it keeps what signs its user in.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.sandbox.planning.host import Host, Kind, followed, within

__all__ = ["CREDENTIALS", "NeverGiven", "credentials", "homes", "never", "refuse_never", "shown_path"]

_HOSTS = 4  # looked at by one process
_KERNEL = "the kernel speaks through it"
_SOCKETS = "programs outside of the box listen there"
_PLACES = {
    "/proc": _KERNEL,
    "/sys": _KERNEL,
    "/dev": _KERNEL,
    "/run": _SOCKETS,
    "/var/run": _SOCKETS,
    "/tmp/.X11-unix": _SOCKETS,  # noqa: S108 - to keep it out
    "/tmp/.ICE-unix": _SOCKETS,  # noqa: S108
    "/var/lib/docker": "it is other boxes' inside",
    "/var/lib/containers": "it is other boxes' inside",
}
_OF_SYSTEM = (
    *("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d"),
    *("/etc/ssh", "/etc/ssl/private", "/etc/pki/tls/private", "/etc/krb5.keytab", "/etc/wireguard"),
    *("/etc/NetworkManager/system-connections", "/etc/ppp", "/etc/letsencrypt"),
)
CREDENTIALS = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".oci", ".password-store", ".terraform.d"),
    *(
        ".netrc",
        ".npmrc",
        ".yarnrc",
        ".yarnrc.yml",
        ".pypirc",
        ".pip",
        ".git-credentials",
        ".pgpass",
        ".my.cnf",
    ),
    *(".vault-token", ".terraformrc", ".s3cfg", ".boto", ".databrickscfg", ".kaggle", ".condarc", ".fly"),
    *(".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials", ".m2/settings.xml"),
    *(".m2/settings-security.xml", ".gradle/gradle.properties", ".composer/auth.json", ".subversion/auth"),
    *(".config/gh", ".config/glab-cli", ".config/hub", ".config/git/credentials", ".config/gcloud"),
    *(".config/op", ".config/rclone", ".config/sops", ".config/hcloud", ".config/doctl", ".config/heroku"),
    *(".config/pip", ".config/containers", ".config/composer/auth.json", ".config/github-copilot"),
    *(".config/google-chrome", ".config/chromium", ".config/BraveSoftware", ".mozilla", ".thunderbird"),
    *(".config/pypoetry/auth.toml", ".config/uv/credentials", ".local/share/uv/credentials"),
    *(".local/share/keyrings", ".local/share/kwalletd", ".local/share/password-store"),
    *(
        ".local/share/gem/credentials",
        ".huggingface",
        ".cache/huggingface/token",
        ".cache/huggingface/stored_tokens",
    ),
    *(
        ".claude/.credentials.json",
        ".codex/auth.json",
        ".gemini/oauth_creds.json",
        ".local/share/opencode/auth.json",
    ),
    *(".Xauthority", ".ICEauthority", ".bash_history", ".zsh_history", ".python_history", ".psql_history"),
)
"""Below a home. What signs its user in, and histories, in which people type what should not be there."""


class NeverGiven(RingfenceError):
    """A policy grants, or a working tree is, what no box has."""


def shown_path(path: str) -> str:
    """A path as people may see it."""
    return clip(printable(path), chars=LIMITS.name_chars)


@lru_cache(maxsize=_HOSTS)
def never(host: Host) -> tuple[tuple[str, str], ...]:
    """Places that are not given, nor anything around them, each with the reason."""
    return (
        *_PLACES.items(),
        *_known_by_all_names(host, host.state, "it is ringfence's own"),
        *_known_by_all_names(host, host.sockets, _SOCKETS),
    )


@lru_cache(maxsize=_HOSTS)
def credentials(host: Host) -> tuple[str, ...]:
    """Places that are not given, and are masked within what is."""
    return (*_OF_SYSTEM, *(f"{home}/{name}" for home in homes(host) for name in CREDENTIALS))


@lru_cache(maxsize=_HOSTS)
def homes(host: Host) -> tuple[str, ...]:
    """The home as the user knows it and, where links lead there, as it is."""
    return tuple(place for place, _ in _known_by_all_names(host, (host.home,), "") if place != "/")


def refuse_never(path: str, host: Host, *, what: str, hint: str) -> None:
    """Nothing, for a path without links that may be given as far as the machine is concerned.

    Raises:
        NeverGiven: it is the root, the home, or a place that is never given, or lies in one or around one.
    """
    shown = f"{what} {shown_path(path)}"
    if path == "/":
        raise NeverGiven(f"{shown}: that is the whole machine", hint=hint)
    if any(within(home, path) for home in homes(host)):
        raise NeverGiven(f"{shown}: that is the whole home", hint=hint)
    for place, why in never(host):
        if within(path, place):
            raise NeverGiven(f"{shown}: {why}", hint=hint)
        if within(place, path) and host.files.kind(place) not in (None, Kind.LINK):
            raise NeverGiven(f"{shown}: {shown_path(place)} is in it, and {why}", hint=hint)
    if any(within(path, place) for place in credentials(host)):
        raise NeverGiven(
            f"{shown}: credentials are never in a box",
            hint="let the broker use them: see `credentials` in docs/policy.md",
        )


def _known_by_all_names(host: Host, places: Iterable[str], why: str) -> Iterator[tuple[str, str]]:
    for place in places:
        yield place, why
        way = followed(place, host.files.kind, host.files.link)
        if way is not None and way.path != place:
            yield way.path, why
