"""One secret for one request: read from the vault for whoever has the receipt, where its binding lets it go.

Whoever decided has looked at the binding already. It is looked at here again, with the vault as it is now.
"""

from collections.abc import Callable
from dataclasses import field

from ringfence.core.actions import CredentialUse
from ringfence.core.dataclass import dataclass
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.dialing import Redeems
from ringfence.egress.injecting.bound import HTTPS_PORT, POSTGRESQL_PORT, may_use, serves
from ringfence.egress.injecting.places import Misplaced, Placed
from ringfence.vault.credential import Binding, Credential
from ringfence.vault.file_format import Entry, State
from ringfence.vault.store import Vault

__all__ = ["Releasing", "check_bound", "is_served"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Releasing:
    """The vault, behind receipts. `recorded`: the newest state that the ledger has seen."""

    vault: Vault = field(repr=False)
    seals: Redeems
    recorded: Callable[[], int]

    def state(self) -> State | None:
        """What there is, secrets closed.

        Raises:
            VaultRefused, VaultLocked, StateRefused: it cannot be read.
        """
        return self.vault.state(recorded=self.recorded())

    def shape(self, name: str) -> Credential:
        """A credential whose shape placeholders take; nothing of it leaves this process."""
        return self.vault.credential(name, recorded=self.recorded())

    def release(
        self, receipt: Receipt[CredentialUse], placed: tuple[Placed, ...], *, port: int
    ) -> Credential:
        """The credential that the receipt names, for the request that it names.

        Raises:
            ReceiptRefused: nothing proves that this use was decided, or it was used before.
            Misplaced: the credential is not bound to this request, or not any more.
            VaultRefused, VaultLocked, NoSuchCredential: it cannot be read.
        """
        action = self.seals.redeem(receipt, CredentialUse)
        credential = self.vault.credential(action.credential, recorded=self.recorded())
        for each in placed:
            if each.credential == credential.name:
                check_bound(credential.binding, each, action, port=port)
        return credential


def check_bound(binding: Binding, placed: Placed, action: CredentialUse, *, port: int) -> None:
    """Nothing, where the credential may be used for this request.

    Raises:
        Misplaced: it may not.
    """
    if not may_use(binding, placed, action.host, port, method=action.method, path=action.path):
        raise Misplaced(
            f"the placeholder of {placed.credential} is not for this host, method and path",
            hint=f"ringfence vault list says what {placed.credential} is bound to",
        )


def is_served(entry: Entry, host: str, port: int) -> bool:
    """Whether the vault has this credential for the host, whatever the request."""
    usual = POSTGRESQL_PORT if entry.kind == "postgresql" else HTTPS_PORT
    return serves(entry.binding, host, port, usual=usual)
