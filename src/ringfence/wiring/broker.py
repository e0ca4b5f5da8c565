"""The broker's house: the running user's doors and vault, this machine's names and clocks."""

import mmap
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from ringfence.app.vault.keeping import Keeper, rotate
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.egress.broker.dialing import Dialer, resolved
from ringfence.egress.broker.house import House
from ringfence.egress.broker.releasing import Releasing
from ringfence.gate.finding import Stamp, stamp
from ringfence.gate.state import make_folder
from ringfence.vault.credential import Credential
from ringfence.vault.errors import VaultLocked
from ringfence.vault.store import FILE
from ringfence.wiring.automatic_proxy import answer
from ringfence.wiring.gate import open_door, session_door, state_folder
from ringfence.wiring.vault import vault_in

__all__ = ["broker", "house"]

_THREADS = 32  # that wait for the ledger at one time; it writes for all of them at once


def broker(
    daemon_socket: socket.socket,
    proxy_socket: socket.socket | None,
    environment: Mapping[str, str] = os.environ,
    *,
    tell: Callable[[str], None] = lambda _line: None,
    page: mmap.mmap | None = None,
) -> None:
    """Is the broker until the daemon is gone. `page` is where that one reads whose work it died of.

    Raises:
        RingfenceError: what it needs cannot be opened, or its memory not be hidden.
    """
    from ringfence.egress.broker.main import run

    run(daemon_socket, proxy_socket, open_house=lambda: house(environment, tell=tell), page=page)


def house(
    environment: Mapping[str, str] = os.environ, *, tell: Callable[[str], None] = lambda _line: None
) -> House:
    """What the broker is given. A vault that wants a passphrase stays locked: nobody is there to be asked.

    Raises:
        StateRefused: the state folder is not as it must be.
    """
    folder = make_folder(state_folder(environment))
    door = open_door(environment, tell=tell)
    keeper = Keeper(door=door, vault=vault_in(folder, ask=_nobody))

    def rotated(credential: Credential, secret: Secret) -> None:
        try:
            rotate(keeper, credential.name, {"refresh_token": secret.reveal().decode()})
        except RingfenceError as error:  # it is used all the same, as long as this process is
            tell(f"the new refresh token of {credential.name} was not kept: {error.what}")

    return House(
        door=lambda begins: session_door(
            door,
            session=begins.session,
            agent=begins.agent,
            folder=Path(begins.folder),
            registries=begins.registries,
            environment=environment,
        ),
        releasing=Releasing(
            vault=keeper.vault, seals=door.seals, recorded=_Recorded(keeper, folder / FILE).newest
        ),
        seals=door.seals,
        dialer=Dialer(seals=door.seals, resolve=resolved),
        rotated=rotated,
        read_ca=_read_ca,
        read_pac=_read_pac,
        ask_pac=answer,
        scripts=folder,
        blocking=ThreadPoolExecutor(_THREADS, thread_name_prefix="broker"),
        now=lambda: datetime.now(UTC),
        clock=time.monotonic,
        randomness=secrets.token_bytes,
        asked_s=LIMITS.egress_asked_s,
    )


class _Recorded:
    """The vault's newest state that the ledger has seen, looked up once for each file that lies there.

    A vault that is put back is another file, and is compared with all that the ledger has seen by then.
    """

    def __init__(self, keeper: Keeper, path: Path) -> None:
        self._keeper, self._path = keeper, path
        self._known: tuple[Stamp, int] | None = None

    def newest(self) -> int:
        """Its number; 0 where there was never one."""
        now = stamp(self._path)
        if self._known is None or self._known[0] != now or now is None:
            self._known = (now, self._keeper.recorded())
        return self._known[1]


def _nobody(_new: bool) -> Secret:
    raise VaultLocked(
        "the vault is opened with a passphrase, and nobody is there to be asked for it",
        hint="keep its key in a file or the keyring while boxes use it: ringfence vault key file",
    )


def _read_pac(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LIMITS.pac_bytes + 1)
    if len(data) > LIMITS.pac_bytes:
        raise ValueError("too long for a file of automatic proxy configuration")
    return data.decode()


def _read_ca(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LIMITS.egress_ca_bytes + 1)
    if len(data) > LIMITS.egress_ca_bytes:
        raise ValueError("too long for certificates")
    return data.decode("ascii")
