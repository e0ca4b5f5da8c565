"""The way out of one run: asked for early, answered when its box is planned, joined when the box stands."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from ringfence.core.errors import RingfenceError
from ringfence.core.registries import Registries, Registry
from ringfence.policy.egressing import egressing
from ringfence.policy.policy import Policy
from ringfence.sandbox.messages import BoxSocket
from ringfence.sandbox.planning.wanted import WantedNetwork
from ringfence.sandbox.sessions import Session

if TYPE_CHECKING:  # whose policy grants no host needs none of it
    from ringfence.egress.messages import SessionOpened, SocketKind

__all__ = ["Ask", "Asked", "Open", "WayOut", "as_explained"]

_PIP_CONF = ".config/pip/pip.conf"


class Open(Protocol):
    """A session with broker and proxy, until it is closed."""

    @property
    def certificate_pem(self) -> str:
        """Of the session's own authority."""

    @property
    def given(self) -> "SessionOpened":
        """What the box is given."""

    @property
    def lost(self) -> RingfenceError | None:
        """Why it is over before its time."""

    def attach(self, sockets: "Sequence[tuple[SocketKind, int]]") -> None:
        """Hands the sockets of the box's network over; they stay the caller's here, too."""

    def close(self) -> None:
        """Ends it."""


class Asked(Protocol):
    """One that was asked for."""

    def answer(self) -> Open:
        """Waits for it, once."""

    def close(self) -> None:
        """Waits no longer."""


Ask = Callable[[Session, tuple[Registry, ...]], Asked]


class WayOut:
    """That of one run; or none, where the policy grants its agent no host. Close it at the end.

    `learns`: there is one all the same, to know what is asked for.
    """

    def __init__(
        self, session: Session, policy: Policy, ask: Ask, registries: Registries, *, learns: bool = False
    ) -> None:
        said = egressing(policy.document, session.agent)
        self._asked = ask(session, registries.found) if said.hosts or learns else None
        self._registries = registries
        self._own_ports = said.local_ports
        self._open: Open | None = None
        self._lost: RingfenceError | None = None

    def wanted(self) -> WantedNetwork | None:
        """What the box is planned with. Waits for the answer.

        Raises:
            RingfenceError: there is no session with the broker, and why.
        """
        if self._asked is None:
            return None
        asked, self._asked = self._asked, None
        self._open = asked.answer()
        given = self._open.given
        return WantedNetwork(
            ca_pem=self._open.certificate_pem,
            ports=given.ports,
            own_ports=self._own_ports,
            environment=(*_told(self._registries, given.files), *given.environment),
            files=given.files,
        )

    def join(self, sockets: Sequence[BoxSocket]) -> "SessionOpened | None":
        """From now on the box's programs are answered. What the session was given; None: there is no way out.

        Raises:
            RingfenceError: nobody takes the sockets.
        """
        if self._open is None:
            return None
        from ringfence.egress.messages import SocketKind

        self._open.attach([(SocketKind(each.kind.value), each.fd) for each in sockets])
        return self._open.given

    @property
    def lost(self) -> RingfenceError | None:
        """Why the box's programs were answered no more, though it ran."""
        return self._open.lost if self._open is not None else self._lost

    def close(self) -> None:
        """Ends the session with the broker, and all that its programs have open."""
        if self._asked is not None:
            self._asked.close()
        if self._open is not None:
            self._lost = self._open.lost
            self._open.close()
        self._asked = self._open = None

    def __enter__(self) -> "WayOut":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def as_explained(session: Session, policy: Policy, registries: Registries) -> WantedNetwork | None:
    """The same, for a box that is only explained: without placeholders, which a session has for itself."""
    said = egressing(policy.document, session.agent)
    if not said.hosts:
        return None
    return WantedNetwork(
        ca_pem="", ports=said.ports, own_ports=said.local_ports, environment=_told(registries, ())
    )


def _told(registries: Registries, files: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The variables that name them; not pip's where a file of a login does, which has its placeholder."""
    has_pip_s = any(path == _PIP_CONF for path, _ in files)
    return tuple(each for each in registries.environment if not (has_pip_s and each[0].startswith("PIP_")))
