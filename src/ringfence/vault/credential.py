"""A credential: what it is called, what it is, and where it may be used."""

import re
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.redaction import redact_name
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.kinds import Authentication, kind_of

__all__ = ["Binding", "Credential", "check_name", "host_and_port"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_DOTTED = r"(?:[a-z0-9*](?:[a-z0-9*_-]*[a-z0-9*])?)(?:\.[a-z0-9*](?:[a-z0-9*_-]*[a-z0-9*])?)*"
_IPV6 = r"[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}"
_PORT = re.compile(r"(.*):([1-9][0-9]{0,4})")
_HOST = re.compile(rf"{_DOTTED}(?::[1-9][0-9]{{0,4}})?|{_IPV6}|\[{_IPV6}\]:[1-9][0-9]{{0,4}}")
_METHOD = re.compile(r"[A-Z]{1,20}")
_PATH = re.compile(r"/[\x21-\x7e]*")
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where a credential may be used: patterns, as policies write them. It is made with a host at least.

    Raises:
        CredentialRefused: a pattern says nothing, or of a host so much that nothing is bound.
    """

    hosts: tuple[str, ...]  # each perhaps with `:port`, else at the kind's own port
    methods: tuple[str, ...] = ()  # empty: all
    paths: tuple[str, ...] = ()  # empty: all

    def __post_init__(self) -> None:
        if not self.hosts:
            raise CredentialRefused(
                "a credential is bound to hosts", hint="say where it is used: --host api.example.com"
            )
        for what, texts, form in (
            ("host", self.hosts, _HOST),
            ("method", self.methods, _METHOD),
            ("path", self.paths, _PATH),
        ):
            if len(texts) > LIMITS.vault_patterns:
                raise CredentialRefused(
                    f"more than {LIMITS.vault_patterns} patterns", hint="use fewer, wider ones"
                )
            for text in texts:
                if len(text) > LIMITS.name_chars or not form.fullmatch(text):
                    raise CredentialRefused(f"this is no pattern of a {what}", hint=_HINTS[what])
        for host in self.hosts:
            named, port = host_and_port(host)
            if port is not None and port > _LAST_PORT:
                raise CredentialRefused("there is no such port", hint=_HINTS["host"])
            if "*" in "".join(named.rsplit(".", 2)[-2:]):
                raise CredentialRefused(
                    "a pattern of hosts must end in a name that somebody owns", hint=_HINTS["host"]
                )


def host_and_port(pattern: str) -> tuple[str, int | None]:
    """A pattern of a binding: its host, and its port where it says one."""
    if pattern.startswith("["):
        host, _, port = pattern[1:].partition("]:")
        return host, int(port)
    told = _PORT.fullmatch(pattern)
    if told is None or ":" in told[1]:
        return pattern, None
    return told[1], int(told[2])


_HINTS = {
    "host": "such as api.example.com or *.example.com, in lower case, without scheme; "
    "perhaps with a port behind it: api.example.com:8443",
    "method": "such as GET, in capitals",
    "path": "such as /repos/our-org/**",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One of them, whole. Nothing shows its secrets: they are `Secret`."""

    name: str
    authentication: Authentication
    binding: Binding
    made_at: datetime  # UTC, whole seconds
    rotated_at: datetime | None = None

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def kind(self) -> str:
        """The kind's name."""
        return kind_of(self.authentication).name


def check_name(name: str) -> None:
    """Nothing, for what a credential may be called.

    Raises:
        CredentialRefused: it is no name, or looks like a secret; it is not repeated.
    """
    if redact_name(name) != name:
        raise CredentialRefused(
            "the name looks like a secret, and others see the arguments of commands",
            hint="name it, such as github, give the value at the prompt, and have this one replaced",
        )
    if len(name) > LIMITS.vault_name_chars or not _NAME.fullmatch(name):
        raise CredentialRefused(
            "this is no name for a credential", hint="letters, digits, . _ - and / between them: github/ci"
        )
