"""Setting, rotating and removing credentials; moving and restoring the vault.

In this order: the gate decides, the vault is written, and the ledger says what the vault holds now. The last
also says how new a vault must be from then on.
"""

from collections.abc import Callable, Mapping

from ringfence.core.action_types import Durability
from ringfence.core.actions import CredentialChange, CredentialKeep, FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.receipts import Receipt
from ringfence.gate.door import Door
from ringfence.gate.refused import Refused
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.credential_kept import CredentialKept
from ringfence.ledger.events.credential_removed import CredentialRemoved
from ringfence.ledger.events.vault_rewritten import RewrittenWhy, VaultRewritten
from ringfence.policy.globs import glob
from ringfence.vault.credential import Binding, Credential, check_name, host_and_port
from ringfence.vault.errors import NoSuchCredential, VaultRefused
from ringfence.vault.file_format import Entry, KeyPlace, State
from ringfence.vault.kinds import KindOf, authentication, kind_named
from ringfence.vault.store import Vault

__all__ = ["Keeper", "known", "rekey", "remove", "restore", "rotate", "set_credential"]

_TYPES = tuple(each.TYPE.partition("/")[0] for each in (CredentialKept, CredentialRemoved, VaultRewritten))
_KINDS = {"hosts": FieldKind.HOST, "methods": FieldKind.TEXT, "paths": FieldKind.NAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """The vault of this state folder, and the door before it."""

    door: Door
    vault: Vault

    def recorded(self) -> int:
        """The number of the vault's newest state that the ledger has seen; 0 for none.

        Each event is of another one, and so there are at least as many as events, pruned ones among them;
        of two writers the later one's may stand first.
        """
        seen = [
            getattr(each.event, "generation", 0)
            for each in self.door.ledger.read(stream=self.door.stream, types=_TYPES)
        ]
        return max(len(seen), *seen, 0)

    def entries(self) -> tuple[Entry, ...]:
        """What the vault holds, secrets closed."""
        state = self.vault.state(recorded=self.recorded())
        return state.entries if state else ()

    def entry(self, name: str) -> Entry | None:
        """The one of that name."""
        return next((each for each in self.entries() if each.name == name), None)

    def change(
        self,
        action: CredentialKeep,
        carry_out: Callable[[Receipt[CredentialKeep]], State],
        event: Callable[[State], Event],
    ) -> State:
        """The vault as it is afterwards.

        Raises:
            ActionRefused: the policy does not let it, or an operator is asked.
        """
        receipt = self.door.pass_(action)
        if isinstance(receipt, Refused):
            raise receipt.error()
        try:
            state = carry_out(receipt)
        except RingfenceError as error:
            self.door.failed(receipt, error.what)
            raise
        self.door.ledger.append(event(state), stream=self.door.stream, durability=Durability.FSYNC)
        self.door.done(receipt)
        return state


def set_credential(
    keeper: Keeper, name: str, kind: KindOf, values: Mapping[str, str], binding: Binding
) -> Credential:
    """The new one.

    Raises:
        CredentialRefused, BadGlob: what was given is no such credential.
        VaultRefused, VaultLocked, ActionRefused: the vault is not changed.
    """
    for field, patterns in _KINDS.items():
        for pattern in getattr(binding, field):
            glob(host_and_port(pattern)[0] if field == "hosts" else pattern, patterns)
    made = Credential(
        name=name,
        authentication=authentication(kind, values),
        binding=binding,
        made_at=keeper.door.now().replace(microsecond=0),
    )
    return _keep(keeper, made, CredentialChange.SET)


def rotate(keeper: Keeper, name: str, secrets: Mapping[str, str]) -> Credential:
    """The same with other secrets; what it is bound to stays.

    Raises:
        NoSuchCredential: there is none of that name.
        CredentialRefused: these are not its kind's secrets.
        VaultRefused, VaultLocked, ActionRefused: the vault is not changed.
    """
    entry = known(keeper, name)
    made = Credential(
        name=name,
        authentication=authentication(kind_named(entry.kind), {**entry.public, **secrets}),
        binding=entry.binding,
        made_at=entry.made_at,
        rotated_at=keeper.door.now().replace(microsecond=0),
    )
    return _keep(keeper, made, CredentialChange.ROTATE)


def remove(keeper: Keeper, name: str) -> Entry:
    """The one that is gone.

    Raises:
        NoSuchCredential: there is none of that name.
        VaultRefused, VaultLocked, ActionRefused: the vault is not changed.
    """
    entry = known(keeper, name)
    action = _action(CredentialChange.REMOVE, name, entry.kind, entry.binding.hosts)
    keeper.change(
        action,
        lambda receipt: keeper.vault.remove(receipt, seals=keeper.door.seals, recorded=keeper.recorded()),
        lambda state: CredentialRemoved(credential=name, kind=entry.kind, generation=state.header.generation),
    )
    return entry


def rekey(keeper: Keeper, place: KeyPlace) -> State:
    """The vault under a new key."""
    return keeper.change(
        _action(CredentialChange.REKEY),
        lambda receipt: keeper.vault.rekey(
            receipt, place, seals=keeper.door.seals, recorded=keeper.recorded()
        ),
        _rewritten(RewrittenWhy.REKEYED),
    )


def restore(keeper: Keeper, data: bytes | None) -> State:
    """The vault as `data` has it, or the copy beside it.

    Raises:
        VaultRefused: it was cut or changed, or there is no copy.
    """
    copy = keeper.vault.copy() if data is None else data
    if copy is None:
        raise VaultRefused(
            "there is no copy of the vault", hint="ringfence vault restore FILE, from a backup"
        )
    return keeper.change(
        _action(CredentialChange.RESTORE),
        lambda receipt: keeper.vault.restore(
            receipt, copy, seals=keeper.door.seals, recorded=keeper.recorded()
        ),
        _rewritten(RewrittenWhy.RESTORED),
    )


def known(keeper: Keeper, name: str) -> Entry:
    """The entry of that name.

    Raises:
        NoSuchCredential: there is none.
    """
    check_name(name)
    entry = keeper.entry(name)
    if entry is None:
        raise NoSuchCredential(f"there is no credential {name}", hint="ringfence vault list")
    return entry


def _keep(keeper: Keeper, made: Credential, change: CredentialChange) -> Credential:
    keeper.change(
        _action(change, made.name, made.kind, made.binding.hosts),
        lambda receipt: keeper.vault.keep(receipt, made, seals=keeper.door.seals, recorded=keeper.recorded()),
        lambda state: CredentialKept(
            credential=made.name,
            kind=made.kind,
            rotated=change is CredentialChange.ROTATE,
            generation=state.header.generation,
        ),
    )
    return made


def _action(
    change: CredentialChange, name: str = "", kind: str = "", hosts: tuple[str, ...] = ()
) -> CredentialKeep:
    return CredentialKeep(change=change, credential=name, kind=kind, hosts=hosts)


def _rewritten(why: RewrittenWhy) -> Callable[[State], Event]:
    return lambda state: VaultRewritten(
        why=why,
        key=state.header.key.place.value,
        credentials=len(state.entries),
        generation=state.header.generation,
    )
