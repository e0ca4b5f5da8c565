"""Options of `ringfence vault …`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from ringfence.cli.options import add_format

__all__ = ["add_vault"]

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_EXIT_CODES = "exit status: 0 done, 1 the policy says no or asks, 2 usage, 3 the vault cannot be opened"
_KINDS = "bearer, header, basic, query, path, body, websocket, aws, oauth, github-app, postgresql"


def add_vault(commands: _Commands) -> None:
    """The group `vault`."""
    vault = commands.add_parser(
        "vault",
        help="the secrets that are put into requests, and that no box sees",
        description="Keeps credentials, encrypted. docs/vault.md has more.",
        epilog="a value comes from a prompt or standard input, and never from an argument",
    )
    tasks = vault.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_set(tasks)
    listing = tasks.add_parser(
        "list",
        help="what is kept, without any value",
        description="Lists credentials and says where the vault's key is.",
        epilog=_EXIT_CODES,
    )
    add_format(listing)
    rotate = tasks.add_parser(
        "rotate",
        help="another value for a credential",
        description="Replaces the secrets of a credential; what it is bound to stays.",
        epilog=f"example: ringfence vault rotate github < new-token. {_EXIT_CODES}",
    )
    _add_name(rotate)
    remove = tasks.add_parser(
        "rm", help="forget a credential", description="Forgets a credential.", epilog=_EXIT_CODES
    )
    _add_name(remove)
    import_ = tasks.add_parser(
        "import",
        help="take in secrets out of files",
        description="Reads .env files, netrc and JSON (names with values) and takes in what is known: "
        "netrc's machines, and variables that services name. Says what it took, never a value.",
        epilog="example: ringfence vault import .env ~/.netrc. The files stay as they are: remove the "
        "secrets from them afterwards. exit status: as of set; also 1 where a secret was left",
    )
    import_.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _add_host(import_, "also take in secrets that no service names, as bearers of this host")
    add_format(import_)
    _add_adopt(tasks)
    _add_key_and_restore(tasks)
    for each in tasks.choices.values():
        each.add_argument("--passphrase-file", type=Path, metavar="FILE", help="holds the vault's passphrase")


def _add_set(tasks: _Commands) -> None:
    set_ = tasks.add_parser(
        "set",
        help="keep a credential",
        description="Keeps a credential. Its secret comes from a prompt or standard input.",
        epilog="example: ringfence vault set claude --kind header --part header=x-api-key "
        f"--host api.anthropic.com. {_EXIT_CODES}",
    )
    _add_name(set_)
    set_.add_argument("--kind", default="bearer", metavar="KIND", help=f"{_KINDS} (default: %(default)s)")
    _add_host(set_, "a host that it is used at, such as api.github.com or *.example.com")
    set_.add_argument(
        "--method",
        dest="methods",
        action="append",
        default=[],
        metavar="METHOD",
        help="only with these methods (may be repeated; default: all)",
    )
    set_.add_argument(
        "--path",
        dest="paths",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only with these paths: /repos/our-org/** (may be repeated; default: all)",
    )
    set_.add_argument(
        "--part",
        dest="parts",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a part that is no secret, as the kind needs it: user=ci, header=x-api-key (may be repeated)",
    )


def _add_adopt(tasks: _Commands) -> None:
    adopt = tasks.add_parser(
        "adopt",
        help="take in the logins of your programs",
        description="Looks for tokens in the environment and in the files of Claude Code, Codex, gh, npm, "
        "pip and netrc, and takes in those that you say yes to.",
        epilog="The files stay as they are. Without a terminal and without --yes it only says what is there. "
        f"{_EXIT_CODES}",
    )
    adopt.add_argument("--yes", action="store_true", help="take in everything that is found")
    add_format(adopt)


def _add_key_and_restore(tasks: _Commands) -> None:
    key = tasks.add_parser(
        "key",
        help="move the vault's key",
        description="Encrypts the vault anew, with a new key that is kept in a file of your own, in the "
        "system's keyring, or made of a passphrase.",
        epilog=f"example: ringfence vault key keyring. {_EXIT_CODES}",
    )
    key.add_argument("place", choices=("file", "keyring", "passphrase"), help="where the key is to be")
    key.add_argument(
        "--new-passphrase-file", type=Path, metavar="FILE", help="holds the passphrase from now on"
    )
    restore = tasks.add_parser(
        "restore",
        help="put back a copy of the vault",
        description="Writes the vault anew from the copy beside it, or from a file that you kept.",
        epilog=_EXIT_CODES,
    )
    restore.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the copy beside it")


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what it is called here and in policies")
    parser.add_argument("surplus", nargs="*", help=argparse.SUPPRESS)  # refused without being repeated


def _add_host(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--host",
        dest="hosts",
        action="append",
        default=[],
        metavar="HOST",
        help=f"{what} (may be repeated)",
    )
