"""`ringfence sign PATH`: a signature that says who vouches for a model's files."""

import argparse
import sys
from getpass import getpass

from ringfence.app.signing import Signer, SignRequest, key_signer, sign
from ringfence.app.signing.own_files import own_file
from ringfence.cli.sizes import show_size
from ringfence.cli.streams import warn, write
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import printable
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Writes the signature and says where it is."""
    request = SignRequest(
        path=options.path,
        output=options.output,
        allow_symlinks=options.allow_symlinks,
        ignore_paths=tuple(options.ignore_path),
        shard_bytes=options.shard_size,
    )
    signer = _signer(options)
    with watched() as progress:
        signed = sign(request, signer, here(warn), progress)
    files = "1 file" if signed.files == 1 else f"{signed.files} files"
    write(f"{printable(str(signed.signature))}: signed {files}, {show_size(signed.size_bytes)}\n")
    return ExitCode.DONE


def _signer(options: argparse.Namespace) -> Signer:
    if options.keyless:
        from ringfence.app.signing.keyless import KeylessSigner

        for name in ("certificate", "passphrase_file"):
            _refuse_with(options, name, "--keyless")
        return KeylessSigner(
            identity=options.identity,
            identity_provider=options.identity_provider,
            trust_config=options.trust_config,
        )
    for name in ("identity", "identity_provider", "trust_config"):
        _refuse_with(options, name, "--key")
    if options.chain and options.certificate is None:
        raise UsageError("--chain without --certificate", hint="name the key's own certificate as well")
    return key_signer(
        options.key,
        passphrase=_passphrase(options),
        certificate=options.certificate,
        chain=tuple(options.chain),
    )


def _refuse_with(options: argparse.Namespace, name: str, other: str) -> None:
    if getattr(options, name) is not None:
        raise UsageError(f"--{name.replace('_', '-')} does not go with {other}", hint="leave one of them out")


def _passphrase(options: argparse.Namespace) -> bytes | None:
    """From the file, or asked for where the key is encrypted and somebody can answer."""
    if options.passphrase_file is not None:
        return own_file(options.passphrase_file).rstrip(b"\r\n")
    if b"ENCRYPTED" in own_file(options.key) and sys.stdin and sys.stdin.isatty():
        return getpass(f"Passphrase of {printable(str(options.key))}: ").encode()
    return None
