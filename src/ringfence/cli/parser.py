"""Every option of every command, in one place."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from ringfence import __version__
from ringfence.cli.options import (
    BILL_FORMATS,
    SEVERITIES,
    SIGNALS,
    STANDINGS,
    USES,
    VERDICTS,
    add_budget,
    add_fail_on,
    add_feed,
    add_format,
    add_policy_use,
    add_report_format,
    named_path,
)
from ringfence.cli.parsers.suggesting import SuggestingParser
from ringfence.cli.sizes import parse_size

__all__ = ["make_parser"]

_EXIT_CODES = "exit status: 0 done, 1 what --fail-on names, 2 usage, 3 the scope could not be examined"
_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def make_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line; of `command` and its like alone, where there is such a command.

    To make all of them takes as long as a small command does.
    """
    parser: argparse.ArgumentParser = SuggestingParser(
        prog="ringfence", description="Control for the AI that runs on people's own machines."
    )
    parser.add_argument("--version", action="version", version=f"ringfence {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = [add for names, add in _COMMANDS if command in names]
    for add in asked or [add for _, add in _COMMANDS]:
        add(commands)
    return parser


def _of(module: str, name: str) -> Callable[[_Commands], None]:
    """What adds the commands of a module below `parsers`, which is imported when somebody wants them."""

    def add(commands: _Commands) -> None:
        getattr(import_module(f"ringfence.cli.parsers.{module}"), name)(commands)

    return add


def _add_scan(commands: _Commands) -> None:
    scan = commands.add_parser(
        "scan",
        help="what local AI is on this machine",
        description="Lists the models, model servers, runtimes, accelerators and agents of this machine.",
        epilog=_EXIT_CODES,
    )
    scan.add_argument(
        "paths",
        nargs="*",
        type=named_path,
        metavar="PATH",
        help="look for files only here (default: your home and the system's stores)",
    )
    whose = scan.add_mutually_exclusive_group()
    whose.add_argument(
        "--home", type=Path, metavar="DIR", help="another home: a user's, a backup, a mounted disk"
    )
    whose.add_argument("--all-users", action="store_true", help="every home of this machine (as root)")
    scan.add_argument("--judge", action="store_true", help="say of each model what may come of loading it")
    scan.add_argument("--no-hash", action="store_true", help="do not compute SHA-256; digests stay claims")
    scan.add_argument(
        "--min-size",
        type=parse_size,
        default=1 << 20,
        metavar="SIZE",
        help="look into files of unknown suffix from this size on (default: 1MiB)",
    )
    scan.add_argument("--no-processes", action="store_true", help="leave processes and accelerators out")
    scan.add_argument("--no-listeners", action="store_true", help="leave local servers out; send no request")
    scan.add_argument("--network-mounts", action="store_true", help="walk network and FUSE mounts too")
    scan.add_argument(
        "--large",
        type=parse_size,
        default=2_000_000_000,
        metavar="SIZE",
        help="models of this size raise a signal unless explained (default: 2GB)",
    )
    scan.add_argument(
        "--lock",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a models.lock whose digests explain large models (may be repeated)",
    )
    add_feed(scan)
    add_policy_use(scan)
    add_fail_on(scan, (*SIGNALS, *SEVERITIES, *VERDICTS, *STANDINGS))
    add_report_format(scan)


def _add_inspect(commands: _Commands) -> None:
    inspect = commands.add_parser(
        "inspect",
        help="all about one model file, folder or archive, and whether it may be loaded",
        description="Says what a file is, what its header tells and what loading it would do. Loads nothing.",
        epilog="docs/formats.md lists what is examined of each format; `ringfence explain CHECK` says what a "
        "finding means. exit status: 0 done, 1 suspicious or worse, or what --fail-on names, 2 usage, "
        "3 inconclusive",
    )
    inspect.add_argument("path", type=named_path, metavar="FILE|DIR")
    inspect.add_argument("--no-hash", action="store_true", help="do not compute SHA-256")
    add_feed(inspect)
    add_budget(inspect)
    add_policy_use(inspect)
    add_fail_on(inspect, (*SEVERITIES, *VERDICTS, *STANDINGS))
    add_report_format(inspect)


def _add_bom(commands: _Commands) -> None:
    bom = commands.add_parser(
        "bom",
        help="a bill of materials of models",
        description="Writes what a model consists of, where it comes from and under which license, as JSON.",
        epilog="SOURCE_DATE_EPOCH fixes the time, and with it the serial number. "
        "exit status: 0 done, 2 usage, 3 a part could not be examined",
    )
    bom.add_argument("path", type=named_path, metavar="FILE|DIR")
    bom.add_argument("--format", choices=BILL_FORMATS, default=BILL_FORMATS[0], help="default: %(default)s")
    bom.add_argument(
        "-o", "--output", type=Path, default=Path("-"), metavar="FILE", help="default: -, standard output"
    )
    bom.add_argument("--no-hash", action="store_true", help="do not compute SHA-256; the bill has no hashes")


def _add_explain(commands: _Commands) -> None:
    explain = commands.add_parser(
        "explain",
        help="what a finding means",
        description="Prints what a check has seen, why that matters and when it is harmless.",
        epilog="example: ringfence explain pickle-dangerous-call",
    )
    explain.add_argument("check", metavar="CHECK", help="as findings name it; `all` lists every check")


def _add_convert(commands: _Commands) -> None:
    convert = commands.add_parser(
        "convert",
        help="a PyTorch checkpoint as safetensors",
        description="Writes a checkpoint's tensors as safetensors, without executing its pickle. "
        "Only files that are judged clean, or made of known libraries' classes, are converted.",
        epilog="example: ringfence convert model.pt -o model.safetensors --key state_dict. "
        "exit status: 0 done, 1 refused for what the file is, 2 usage, 3 it cannot be read",
    )
    convert.add_argument("path", type=named_path, metavar="FILE")
    convert.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    convert.add_argument(
        "--key", help="only what lies below this key, e.g. state_dict; names begin behind it"
    )
    convert.add_argument("--force", action="store_true", help="replace the output if it exists")


def _add_diff(commands: _Commands) -> None:
    diff = commands.add_parser(
        "diff",
        help="what changed between two versions of a model",
        description="Compares two files or folders: verdicts, code, chat templates, tokenizers, tensors, "
        "configurations and licenses, the dangerous first. Loads nothing.",
        epilog="example: ringfence diff models/v1 models/v2. "
        "exit status: 0 the same, 1 different, 2 usage, 3 a part could not be examined",
    )
    diff.add_argument("old", type=named_path, metavar="A")
    diff.add_argument("new", type=named_path, metavar="B")
    add_format(diff)


def _add_lock(commands: _Commands) -> None:
    lock = commands.add_parser(
        "lock",
        help="write down which models belong here, or check it",
        description="Writes name, digests, license and verdict of every model in a repository, a folder or a "
        "container image (OCI layout, docker save), and where code names models; or compares with that.",
        epilog="example: ringfence lock --use production && git add models.lock; in the build: "
        "ringfence lock --check. SOURCE_DATE_EPOCH fixes the date. "
        "exit status: 0 done, 1 what --fail-on names, 2 usage, 3 a part could not be examined",
    )
    lock.add_argument(
        "path", nargs="?", type=named_path, default=Path(), metavar="PATH", help="default: this folder"
    )
    lock.add_argument(
        "--check", action="store_true", help="write nothing; fail on what differs from the lock"
    )
    lock.add_argument(
        "-o",
        "--lock",
        type=Path,
        metavar="FILE",
        help="the lock (default: models.lock in the folder; in this folder for files and images)",
    )
    lock.add_argument(
        "--use", choices=USES, help="what the models are for, which licenses must allow (default: as locked)"
    )
    lock.add_argument(
        "--bad-digests",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a list of digests of files that nobody should load (may be repeated)",
    )
    lock.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="medium",
        metavar="SEVERITY",
        help="exit 1 on findings as bad as this or worse: %(choices)s (default: %(default)s)",
    )
    add_format(lock, "sarif")


def _add_doctor(commands: _Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="what this kernel and machine offer",
        description="Lists what this machine offers, and what ringfence loses where something is missing.",
    )
    add_format(doctor)


def _add_demo(commands: _Commands) -> None:
    demo = commands.add_parser(
        "demo",
        help="build a small home with all stores, to try things on",
        description="Builds a small home with every kind of store, from real tiny model files.",
    )
    demo.add_argument(
        "directory", type=named_path, metavar="DIR", help="a folder that is empty or does not exist yet"
    )


def _add_completion(commands: _Commands) -> None:
    completion = commands.add_parser(
        "completion", help="print shell completion", description="Prints a completion script for your shell."
    )
    completion.add_argument("shell", type=_shell, choices=_SHELLS, help=f"one of: {', '.join(_SHELLS)}")


_SHELLS = ("bash", "zsh", "tcsh")


def _shell(name: str) -> str:
    if name not in _SHELLS:
        raise argparse.ArgumentTypeError(f"there is none for {name!r}, only for {', '.join(_SHELLS)}")
    return name


_COMMANDS: tuple[tuple[tuple[str, ...], Callable[[_Commands], None]], ...] = (
    (("scan",), _add_scan),
    (("inspect",), _add_inspect),
    (("bom",), _add_bom),
    (("explain",), _add_explain),
    (("convert",), _add_convert),
    (("diff",), _add_diff),
    (("sign", "verify"), _of("signing", "add_signing")),
    (("lock",), _add_lock),
    (("run",), _of("running", "add_run")),
    (("kill",), _of("running", "add_kill")),
    (("forget",), _of("running", "add_forget")),
    (("daemon",), _of("running", "add_daemon")),
    (("vault",), _of("vault", "add_vault")),
    (("policy",), _of("policy", "add_policy")),
    (("asks", "approve", "deny", "grants"), _of("approvals", "add_approvals")),
    (("tui",), _of("tui", "add_tui")),
    (("ledger",), _of("ledger", "add_ledger")),
    (("doctor",), _add_doctor),
    (("demo",), _add_demo),
    (("completion",), _add_completion),
)
