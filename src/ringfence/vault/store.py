"""The vault of one state folder: read as a whole, changed under a lock, written twice.

Two files hold the same state: `vault`, and `vault.copy`, which is written after it. A file that was cut or
changed is refused and stays as it is; so is one whose number is lower than what the ledger has seen, which
whoever asks says as `recorded`. `restore` writes a good one over them, and nothing else does.

What changes the vault takes a receipt for exactly that.
"""

from collections.abc import Callable, Iterable
from dataclasses import field, replace
from pathlib import Path
from typing import Protocol, TypeVar

from ringfence.core.actions import Action, CredentialChange, CredentialKeep
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.core.secrets import Secret
from ringfence.core.text import printable
from ringfence.vault.credential import Credential
from ringfence.vault.errors import CredentialRefused, NoSuchCredential, VaultLocked, VaultRefused
from ringfence.vault.file_format import (
    BadFile,
    Entry,
    Header,
    KeyPlace,
    KeyUse,
    State,
    closed,
    header_of,
    kept,
    opened,
)
from ringfence.vault.keys import Files, Keys
from ringfence.vault.locking import locked
from ringfence.vault.sealing import NotSealed

__all__ = ["COPY", "FILE", "LOCK", "Redeems", "Vault"]

FILE, COPY, LOCK = "vault", "vault.copy", "vault.lock"

ActionT = TypeVar("ActionT", bound=Action)


class Redeems(Protocol):
    """The gate's seals, as far as the vault needs them."""

    def redeem(self, receipt: Receipt[ActionT], made: type[ActionT]) -> ActionT:
        """The action to carry out now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Opens, shows and changes it. Keys that were found are kept as long as this is."""

    folder: Path
    files: Files
    keys: Keys
    randomness: Callable[[int], bytes]
    _found: dict[str, Secret] = field(default_factory=dict, repr=False)

    def state(self, *, recorded: int) -> State | None:
        """What it holds, secrets closed; None where there was never one.

        Raises:
            VaultRefused: it is cut, changed, older than what was recorded, or gone.
            VaultLocked: its key is not there.
            StateRefused: others can read it.
        """
        data = self.files.read(self.folder / FILE)
        if data is None:
            if recorded or self.files.read(self.folder / COPY) is not None:
                raise VaultRefused(f"{self._shown(FILE)}: the vault is gone", hint=_RESTORE)
            return None
        state = self._opened(data, FILE)
        if state.header.generation < recorded:
            raise VaultRefused(
                f"{self._shown(FILE)}: this is state {state.header.generation} of the vault; "
                f"the ledger has seen state {recorded}",
                hint="somebody put an older file back. " + _RESTORE,
            )
        return state

    def credential(self, name: str, *, recorded: int) -> Credential:
        """One of them, whole, for whoever puts it into a request.

        Raises:
            NoSuchCredential: there is none.
        """
        state = self.state(recorded=recorded)
        entry = _named(state, name)
        assert state is not None
        try:
            return entry.whole(self._key(state.header.key))
        except BadFile as error:
            raise VaultRefused(f"{self._shown(FILE)}: {error}", hint=_RESTORE) from None

    def keep(
        self, receipt: Receipt[CredentialKeep], credential: Credential, *, seals: Redeems, recorded: int
    ) -> State:
        """Sets or rotates what the receipt's action names: the state that holds it.

        Raises:
            CredentialRefused: there is one of that name already, or too many.
            NoSuchCredential: there is none to rotate.
        """
        action = seals.redeem(receipt, CredentialKeep)
        said = (action.credential, action.kind, action.hosts)
        if said != (credential.name, credential.kind, credential.binding.hosts):
            raise CredentialRefused("this is not what was decided", hint="ask the gate for this one")
        with locked(self.folder / LOCK):
            state = self.state(recorded=recorded) or self._begun()
            before = {each.name: each for each in state.entries}
            match action.change:
                case CredentialChange.SET if credential.name in before:
                    raise CredentialRefused(
                        f"there is a credential {credential.name} already",
                        hint=f"for another value: ringfence vault rotate {credential.name}",
                    )
                case CredentialChange.ROTATE if credential.name not in before:
                    raise _none(credential.name)
                case CredentialChange.SET | CredentialChange.ROTATE:
                    pass
                case _:
                    raise CredentialRefused("this is not what was decided", hint="ask the gate for this one")
            if len(before) >= LIMITS.vault_credentials and credential.name not in before:
                raise CredentialRefused(
                    f"the vault holds {LIMITS.vault_credentials} credentials, and no more",
                    hint="remove those that nobody uses: ringfence vault rm NAME",
                )
            key = self._key(state.header.key)
            before[credential.name] = kept(credential, key=key, randomness=self.randomness)
            return self._written(state, before.values(), key)

    def remove(self, receipt: Receipt[CredentialKeep], *, seals: Redeems, recorded: int) -> State:
        """Forgets the credential that the receipt's action names: the state without it.

        Raises:
            NoSuchCredential: there is none.
        """
        action = _redeemed_for(seals.redeem(receipt, CredentialKeep), CredentialChange.REMOVE)
        with locked(self.folder / LOCK):
            state = self.state(recorded=recorded)
            gone = _named(state, action.credential)
            assert state is not None
            rest = [each for each in state.entries if each is not gone]
            return self._written(state, rest, self._key(state.header.key))

    def rekey(
        self, receipt: Receipt[CredentialKeep], place: KeyPlace, *, seals: Redeems, recorded: int
    ) -> State:
        """Everything under a new key that is kept there; the old one is forgotten afterwards."""
        _redeemed_for(seals.redeem(receipt, CredentialKeep), CredentialChange.REKEY)
        self.state(recorded=recorded)  # passphrases are asked for before anybody has to wait
        use, new = self.keys.make(place)
        self._found[use.id] = new
        with locked(self.folder / LOCK):
            state = self.state(recorded=recorded) or self._begun()
            old = self._key(state.header.key)
            all_ = [each.whole(old) for each in state.entries]
            entries = [kept(each, key=new, randomness=self.randomness) for each in all_]
            written = self._written(replace(state, header=replace(state.header, key=use)), entries, new)
            self.keys.drop(state.header.key)
            return written

    def restore(
        self, receipt: Receipt[CredentialKeep], data: bytes, *, seals: Redeems, recorded: int
    ) -> State:
        """The vault as `data` has it, which is a file that ringfence wrote.

        Raises:
            VaultRefused: it was cut or changed.
            VaultLocked: its key is not there.
        """
        _redeemed_for(seals.redeem(receipt, CredentialKeep), CredentialChange.RESTORE)
        with locked(self.folder / LOCK):
            state = self._opened(data, "the copy")
            newest = max(recorded, state.header.generation)
            header = replace(state.header, generation=newest)
            return self._written(replace(state, header=header), state.entries, self._key(header.key))

    def copy(self) -> bytes | None:
        """The copy that lies beside it; None where there is none."""
        return self.files.read(self.folder / COPY)

    def _opened(self, data: bytes, name: str) -> State:
        try:
            key = header_of(data).key
            return opened(data, key=self._key(key))
        except BadFile as error:
            raise VaultRefused(f"{self._shown(name)}: {error}", hint=_RESTORE) from None
        except NotSealed:
            self._found.pop(key.id, None)
            if key.place is KeyPlace.PASSPHRASE:
                raise VaultLocked(
                    "the passphrase is another, or the vault was changed", hint=f"try again. {_RESTORE}"
                ) from None
            raise VaultRefused(f"{self._shown(name)}: the vault was cut or changed", hint=_RESTORE) from None

    def _key(self, use: KeyUse) -> Secret:
        if use.id not in self._found:
            self._found[use.id] = self.keys.load(use)
        return self._found[use.id]

    def _begun(self) -> State:
        use, key = self.keys.make(KeyPlace.FILE)
        self._found[use.id] = key
        return State(header=Header(generation=0, key=use), entries=())

    def _written(self, state: State, entries: Iterable[Entry], key: Secret) -> State:
        header = replace(state.header, generation=state.header.generation + 1)
        written = State(header=header, entries=tuple(sorted(entries, key=lambda each: each.name)))
        data = closed(written, key=key, randomness=self.randomness)
        if len(data) > LIMITS.vault_bytes:
            raise CredentialRefused(
                f"the vault would have more than {LIMITS.vault_bytes} bytes",
                hint="remove those that nobody uses: ringfence vault rm NAME",
            )
        self.files.write(self.folder / FILE, data)
        self.files.write(self.folder / COPY, data)
        return written

    def _shown(self, name: str) -> str:
        return printable(str(self.folder / name))


_RESTORE = "ringfence vault restore puts the copy back, or a file that you kept"


def _named(state: State | None, name: str) -> Entry:
    for each in state.entries if state else ():
        if each.name == name:
            return each
    raise _none(name)


def _none(name: str) -> NoSuchCredential:
    return NoSuchCredential(f"there is no credential {printable(name)}", hint="ringfence vault list")


def _redeemed_for(action: CredentialKeep, change: CredentialChange) -> CredentialKeep:
    if action.change is not change:
        raise CredentialRefused("this is not what was decided", hint="ask the gate for this one")
    return action
