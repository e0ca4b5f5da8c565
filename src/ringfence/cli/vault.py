"""`ringfence vault set|list|rotate|rm|import|adopt|key|restore`: secrets go in, and none comes out."""

import argparse
import sys
from collections.abc import Callable, Mapping
from getpass import getpass
from pathlib import Path

from ringfence.app.documents import document
from ringfence.app.vault.adopting import Offer, adopt, halves, offers
from ringfence.app.vault.keeping import Keeper, known, rekey, remove, restore, rotate, set_credential
from ringfence.app.vault.listing import ShownCredential, VaultListed, list_vault
from ringfence.app.vault.own_files import own_file
from ringfence.app.vault.taking_in import VaultImported, Went, take_in
from ringfence.cli.exact import moment, name
from ringfence.cli.streams import warn, write
from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.vault.credential import Binding, check_name
from ringfence.vault.errors import CredentialRefused, VaultLocked
from ringfence.vault.file_format import KeyPlace
from ringfence.vault.kinds import KindOf, Part, kind_named
from ringfence.wiring.gate import has_terminal
from ringfence.wiring.vault import keeper, login_places

__all__ = ["run"]

_PIPE = "give it at a prompt, or on standard input: ringfence vault set NAME … < FILE"


def run(options: argparse.Namespace) -> int:
    """Carries out one task."""
    if getattr(options, "surplus", None):
        raise UsageError("a value is never an argument: others see those, and shells keep them", hint=_PIPE)
    own = keeper(ask=lambda new: _passphrase(options, new=new), tell=warn)
    try:
        return _done(options, own)
    finally:
        own.door.ledger.close()


def _done(options: argparse.Namespace, own: Keeper) -> int:
    match options.task:
        case "set":
            _set(options, own)
        case "list":
            listed = list_vault(own)
            as_json = options.format == "json"
            write(document("ringfence.vault-list/1", listed) + "\n" if as_json else _table(listed))
        case "rotate":
            kind = kind_named(known(own, options.name).kind)
            made = rotate(own, options.name, _secrets(kind))
            write(f"{made.name}: rotated\n")
        case "rm":
            write(f"{remove(own, options.name).name}: removed\n")
        case "import":
            taken = take_in(own, options.files, hosts=tuple(options.hosts))
            as_json = options.format == "json"
            write(document("ringfence.vault-import/1", taken) + "\n" if as_json else _went(taken))
            return ExitCode.DONE if taken.complete else ExitCode.FAILED_AS_ASKED
        case "adopt":
            return _adopt(options, own)
        case "key":
            state = rekey(own, KeyPlace(options.place))
            write(f"encrypted anew; key: {_KEYS[state.header.key.place]}\n")
        case _:
            data = None if options.file is None else own_file(options.file)
            state = restore(own, data)
            write(f"restored: {', '.join(each.name for each in state.entries) or 'it holds nothing'}\n")
    return ExitCode.DONE


def _set(options: argparse.Namespace, own: Keeper) -> None:
    check_name(options.name)
    kind = kind_named(options.kind)
    parts = _parts(options.parts, kind)
    binding = Binding(hosts=tuple(options.hosts), methods=tuple(options.methods), paths=tuple(options.paths))
    if own.entry(options.name) is not None:
        raise CredentialRefused(
            f"there is a credential {options.name} already",
            hint=f"for another value: ringfence vault rotate {options.name}",
        )
    made = set_credential(own, options.name, kind, {**parts, **_secrets(kind)}, binding)
    write(f"{made.name}: kept, for {', '.join(made.binding.hosts)}\n")


def _adopt(options: argparse.Namespace, own: Keeper) -> int:
    def wanted(offer: Offer) -> bool:
        if options.yes or not has_terminal():
            return bool(options.yes)
        what = f"{name(offer.found.name)}, {offer.found.kind} for {', '.join(offer.found.hosts)}"
        return _prompted(f"{offer.where}: {what}: take it in? [y/N]: ", ask=input).strip().lower() in (
            "y",
            "yes",
        )

    if not options.yes and not has_terminal():
        warn("nobody can be asked here: they are only listed; --yes takes them in")
    places = login_places(tell=warn)
    taken = adopt(own, offers(own, places), wanted=wanted, halves=halves(places))
    as_json = options.format == "json"
    write(document("ringfence.vault-import/1", taken) + "\n" if as_json else _adopted(taken))
    return ExitCode.DONE if taken.complete else ExitCode.FAILED_AS_ASKED


def _parts(given: list[str], kind: KindOf) -> Mapping[str, str]:
    """The parts that are no secret. One that is would have been seen by others already."""
    found = {}
    for each in given:
        part, equals, value = each.partition("=")
        if part in {secret.name for secret in kind.secrets}:
            raise UsageError(
                "a secret is never an argument: others see those, and shells keep them", hint=_PIPE
            )
        if not equals:
            raise UsageError("--part takes a name and a value", hint="such as --part user=ci")
        found[part] = value
    return found


def _secrets(kind: KindOf) -> Mapping[str, str]:
    """The kind's secrets, from a prompt or standard input."""
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint=_PIPE)
    if sys.stdin.isatty():
        asked = {each.name: _asked(each) for each in kind.secrets}
        return {part: value for part, value in asked.items() if value}
    data = sys.stdin.buffer.read(LIMITS.vault_import_bytes + 1)
    if len(data) > LIMITS.vault_import_bytes:
        raise CredentialRefused("standard input has far more than one secret", hint=_PIPE)
    if len(kind.secrets) > 1 and data.lstrip().startswith(b"{"):
        return _object(data, kind)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise CredentialRefused("the value is not UTF-8", hint=_PIPE) from None
    return {kind.secrets[0].name: text.removesuffix("\n").removesuffix("\r")}


def _object(data: bytes, kind: KindOf) -> Mapping[str, str]:
    try:
        found = parse(data)
    except BadJson:
        found = None
    texts = (
        {key: each for key, each in found.items() if isinstance(each, str)} if isinstance(found, dict) else {}
    )
    if not texts or texts.keys() - {each.name for each in kind.secrets}:
        names = ", ".join(each.name for each in kind.secrets)
        raise CredentialRefused("standard input holds no such object", hint=f"a JSON object with: {names}")
    return texts


def _asked(part: Part) -> str:
    if part.name == "private_key":
        raise UsageError("a key has several lines, which no prompt takes", hint=_PIPE)
    return _prompted(f"{part.says}{'' if part.is_needed else ' (empty: none)'}: ")


def _prompted(question: str, *, ask: Callable[[str], str] = getpass) -> str:
    try:
        return ask(question)
    except EOFError:
        raise UsageError("nothing was given", hint=_PIPE) from None


def _passphrase(options: argparse.Namespace, *, new: bool) -> Secret:
    file: Path | None = options.new_passphrase_file if new else options.passphrase_file
    if file is not None:
        return Secret(own_file(file).rstrip(b"\r\n"))
    if not has_terminal():
        option = "--new-passphrase-file" if new else "--passphrase-file"
        raise VaultLocked("the vault's passphrase is asked for, and nobody is there", hint=f"use {option}")
    given = _prompted("new passphrase of the vault: " if new else "passphrase of the vault: ")
    if new and _prompted("once more: ") != given:
        raise VaultLocked("these were two passphrases", hint="try again; the vault is as it was")
    return Secret(given.encode("utf-8", "surrogateescape"))


_KEYS = {
    KeyPlace.FILE: "a file of the state folder",
    KeyPlace.KEYRING: "the system's keyring",
    KeyPlace.PASSPHRASE: "your passphrase",
}


def _table(listed: VaultListed) -> str:
    if listed.key is None:
        return "there is no vault yet: ringfence vault set NAME --host HOST\n"
    lines = [_line(each) for each in listed.credentials] or ["nothing is kept"]
    return "\n".join((*lines, "", f"key: {_KEYS[listed.key]}")) + "\n"


def _line(each: ShownCredential) -> str:
    parts = "".join(f" {part.name}={name(part.value)}" for part in each.parts)
    where = ", ".join(each.hosts)
    for what in (each.methods, each.paths):
        where += f"; {', '.join(what)}" if what else ""
    rotated = f", rotated {moment(each.rotated_at)}" if each.rotated_at else ""
    times = f"made {moment(each.made_at)}{rotated}, used: unknown"
    return f"{each.name}  {each.kind}{parts}  for {where}\n    {times}"


def _adopted(taken: VaultImported) -> str:
    lines = [_line_of(each) for each in taken.values]
    if any(each.skipped is None for each in taken.values):
        lines.append(
            "Files and environment stay as they are, and still hold what was taken; boxes find placeholders "
            "there. Where a server gives another login with each use, the one in the file may end.\n"
        )
    return "".join(lines) or "no logins were found\n"


def _line_of(each: Went) -> str:
    where = f"{each.file}:{each.line}" if each.line else each.file
    what = f"left: {each.skipped}" if each.skipped else f"taken, {each.kind} for {', '.join(each.hosts)}"
    return f"{where}: {each.name}: {what}\n"


def _went(taken: VaultImported) -> str:
    lines = [_line_of(each) for each in taken.values]
    if any(each.skipped is None for each in taken.values):
        lines.append("The files still hold what was taken: remove it from them.\n")
    return "".join(lines) or "no values stand there\n"
