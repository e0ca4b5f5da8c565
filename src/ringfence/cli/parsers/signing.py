"""Options of `sign` and `verify`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from ringfence.cli.options import add_format, named_path
from ringfence.cli.sizes import parse_size

__all__ = ["add_signing"]

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_signing(commands: _Commands) -> None:
    """The two commands."""
    _add_sign(commands)
    _add_verify(commands)


def _add_sign(commands: _Commands) -> None:
    sign = commands.add_parser(
        "sign",
        help="sign a model's files",
        description="Writes a signature over every file of a model, in the OpenSSF model-signing format.",
        epilog="make a key: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem; "
        "openssl pkey -in key.pem -pubout -out key.pub. "
        "example: ringfence sign ./model --key key.pem. "
        "exit status: 0 signed, 2 usage, 3 a file could not be examined",
    )
    sign.add_argument("path", type=named_path, metavar="FILE|DIR")
    who = sign.add_mutually_exclusive_group(required=True)
    who.add_argument("--key", type=Path, metavar="PEM", help="sign with this elliptic-curve private key")
    who.add_argument(
        "--keyless", action="store_true", help="sign as who you are, through sigstore (needs a network)"
    )
    sign.add_argument("--passphrase-file", type=Path, metavar="FILE", help="holds the key's passphrase")
    sign.add_argument("--certificate", type=Path, metavar="PEM", help="the key's own certificate")
    sign.add_argument(
        "--chain",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="certificates between that and the authority's (may be repeated)",
    )
    _add_identity(sign, "with --keyless: sign as nobody else")
    sign.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="default: DIR/model.sig, or FILE.sig beside the file",
    )
    sign.add_argument(
        "--shard-size",
        type=_shard_size,
        metavar="SIZE",
        help="a digest for each SIZE of a file, not one for all",
    )
    _add_signed_files(sign)


def _add_verify(commands: _Commands) -> None:
    verify = commands.add_parser(
        "verify",
        help="check a model against its signature",
        description="Says whether a model is, file by file, what somebody you trust signed.",
        epilog="example: ringfence verify ./model --key key.pub. "
        "exit status: 0 verified, 1 not verified, 2 usage, 3 a part could not be examined",
    )
    verify.add_argument("path", type=named_path, metavar="FILE|DIR")
    who = verify.add_mutually_exclusive_group()
    who.add_argument("--key", type=Path, metavar="PEM", help="trust this public key")
    who.add_argument(
        "--certificate-chain",
        type=Path,
        action="append",
        metavar="PEM",
        help="trust certificates that lead to one of these (may be repeated)",
    )
    verify.add_argument(
        "--crl",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="with --certificate-chain: an authority's list of revoked certificates, one from each authority "
        "(may be repeated); without it nobody looks whether a certificate was revoked",
    )
    _add_identity(verify, "trust only this identity, such as an e-mail address")
    verify.add_argument(
        "--accept-expired",
        action="store_true",
        help="accept a certificate that was good once: nothing proves when the model was signed",
    )
    verify.add_argument(
        "--signature", type=Path, metavar="FILE", help="default: DIR/model.sig, or FILE.sig beside the file"
    )
    verify.add_argument(
        "--ignore-unsigned-files",
        action="store_true",
        help="accept files that nobody signed; they are listed",
    )
    _add_signed_files(verify)
    add_format(verify)


def _add_identity(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--identity", metavar="WHO", help=about)
    parser.add_argument(
        "--identity-provider", metavar="URL", help="sigstore: the provider that says who somebody is"
    )
    parser.add_argument(
        "--trust-config",
        type=Path,
        metavar="FILE",
        help="sigstore: your own instance, or an offline copy",
    )


def _add_signed_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-symlinks",
        action="store_true",
        help="follow links to files within the model's own folder or hub cache",
    )
    parser.add_argument(
        "--ignore-path",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="leave out this file or folder of the model (may be repeated)",
    )


def _shard_size(text: str) -> int:
    size_bytes = parse_size(text)
    if size_bytes < 1:
        raise argparse.ArgumentTypeError("a shard has at least one byte")
    return size_bytes
