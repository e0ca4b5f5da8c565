"""`ringfence verify PATH`: whether a model is what somebody you trust signed."""

import argparse
from collections.abc import Callable
from datetime import datetime

from ringfence.app.signing import Trust, VerifyRequest, certificate_trust, key_trust, verify
from ringfence.cli.streams import write
from ringfence.cli.watching import watched
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.findings import Severity
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the answer; the exit status is 0 for nothing but a model that is all as it was signed."""
    machine = here()
    request = VerifyRequest(
        path=options.path,
        signature=options.signature,
        allow_symlinks=options.allow_symlinks,
        ignore_paths=tuple(options.ignore_path),
        ignore_unsigned_files=options.ignore_unsigned_files,
    )
    trust = _trust(options, machine.now)
    with watched() as progress:
        result = verify(request, trust, machine, progress)
    if options.format == "json":
        from ringfence.app.documents import document

        write(document("ringfence.verify/1", result) + "\n")
    else:
        from ringfence.cli.console import show
        from ringfence.cli.tables.verified import verified

        show(verified(result))
    if result.verified:
        return ExitCode.DONE
    wrong = any(each.severity > Severity.INFO for each in result.findings)
    return ExitCode.FAILED_AS_ASKED if wrong else ExitCode.NOT_EXAMINED


def _trust(options: argparse.Namespace, now: Callable[[], datetime]) -> Trust:
    keyless = options.identity_provider is not None or options.trust_config is not None
    if options.crl and not options.certificate_chain:
        raise UsageError(
            "--crl goes with --certificate-chain only: nothing else has an authority that revokes",
            hint="leave --crl out, or name the authority's certificate",
        )
    if options.key is not None:
        if options.identity is not None or keyless or options.accept_expired:
            raise UsageError(
                "--key says all: a key has no identity and does not expire",
                hint="leave the other options out, or verify with --certificate-chain instead",
            )
        return key_trust(options.key)
    if options.certificate_chain:
        if keyless:
            raise UsageError(
                "--certificate-chain does not go with --identity-provider or --trust-config",
                hint="leave one of them out",
            )
        return certificate_trust(
            tuple(options.certificate_chain),
            identity=options.identity,
            accept_expired=options.accept_expired,
            now=now,
            crls=tuple(options.crl),
        )
    if options.identity is None or options.identity_provider is None:
        raise UsageError(
            "nobody is trusted, so nothing can be verified",
            hint="give --key PUB.pem, --certificate-chain CA.pem, or --identity WHO --identity-provider URL",
        )
    from ringfence.app.signing.keyless import KeylessTrust

    return KeylessTrust(
        identity=options.identity,
        identity_provider=options.identity_provider,
        trust_config=options.trust_config,
    )
