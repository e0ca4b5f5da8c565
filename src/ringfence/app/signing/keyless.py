"""Signs and verifies by identity instead of by key, through the package `sigstore` where it is installed.

Signing asks an identity provider who you are, has a certificate of minutes issued for that, and enters the
signature in a public log: it needs a network. Verifying needs the log's and the authority's keys: from a file
that the user trusts, or fetched and kept by the package. Everything cryptographic is the package's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.app.signing.own_files import own_file
from ringfence.artifacts.signing import BadSignature, Bundle
from ringfence.artifacts.signing.bundle import PAYLOAD_TYPE
from ringfence.core.actions import ModelSign
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UnreadableScope, UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.core.text import clip, printable
from ringfence.gate.seals import ReceiptRefused, Seals

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig

__all__ = ["KeylessSigner", "KeylessTrust"]

_CLIENT_ID = "sigstore"
_CLIENTS = ("sigstore", "id", "requests", "urllib3", "tuf")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessSigner:
    """Whoever the identity provider says you are: asked in a build, or in a browser where you log in."""

    identity: str | None  # refuse to sign as anybody else
    identity_provider: str | None  # None: the one that the trust configuration names
    trust_config: Path | None  # None: sigstore's public instance

    @property
    def name(self) -> str:
        """The identity, where it is known before anybody is asked."""
        return self.identity or "keyless"

    def sign(self, statement: bytes, *, receipt: Receipt[ModelSign], seals: Seals) -> bytes:
        """The signature file over an in-toto statement.

        Raises:
            UsageError: the package is missing, or you are somebody else.
            UnreadableScope: a service could not be reached or refused.
            ReceiptRefused: nobody decided that this identity may sign.
        """
        if seals.redeem(receipt, ModelSign).signer != self.name:
            raise ReceiptRefused("the receipt is for another signer", hint="ask the gate for this one")
        _check_installed()
        from sigstore import dsse, oidc, sign

        config = _config(self.trust_config)
        with _asking():
            ambient = oidc.detect_credential(_CLIENT_ID)
            if ambient is not None:
                token = oidc.IdentityToken(ambient, _CLIENT_ID)
            else:
                provider = self.identity_provider or config.signing_config.get_oidc_url()
                token = oidc.Issuer(provider).identity_token(client_id=_CLIENT_ID)
            if self.identity not in (None, token.identity):
                raise UsageError(
                    "you are logged in as somebody else than --identity names",
                    hint="log in as that identity, or leave the option out",
                )
            context = sign.SigningContext.from_trust_config(config)
            with context.signer(token) as signer:
                return signer.sign_dsse(dsse.Statement(statement)).to_json().encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessTrust:
    """Trusts one identity, as one provider vouched for it when the signature entered the log."""

    identity: str
    identity_provider: str
    trust_config: Path | None

    def signer(self, bundle: Bundle, data: bytes) -> str:
        """The identity, if it signed and the log has it."""
        if not bundle.logged:
            raise BadSignature("it is in no transparency log: verify it with --key or --certificate-chain")
        _check_installed()
        from sigstore import errors, models
        from sigstore.verify import Verifier, policy

        config = _config(self.trust_config)
        try:
            kind, payload = Verifier(trusted_root=config.trusted_root).verify_dsse(
                models.Bundle.from_json(data),
                policy.Identity(identity=self.identity, issuer=self.identity_provider),
            )
        # the last three come from parts that a bundle lacks and the package takes for granted
        except (errors.Error, ValueError, AttributeError, LookupError, TypeError) as error:
            raise BadSignature(f"sigstore does not accept it: {_words(error)}") from error
        if (kind, payload) != (PAYLOAD_TYPE, bundle.payload):
            raise BadSignature("it can be read in two ways")
        return clip(printable(self.identity), chars=LIMITS.name_chars)


def _config(path: Path | None) -> "ClientTrustConfig":
    """Whom to trust and whom to ask.

    Raises:
        UsageError: the file is no trust configuration.
        UnreadableScope: the public one could not be fetched.
    """
    from sigstore import errors
    from sigstore.models import ClientTrustConfig

    try:
        if path is not None:
            return ClientTrustConfig.from_json(own_file(path).decode())
    except (errors.Error, ValueError) as error:
        raise UsageError(
            "--trust-config: this is no client trust configuration",
            hint="name the JSON file that your sigstore instance publishes",
        ) from error
    with _asking():
        return ClientTrustConfig.production()


def _check_installed() -> None:
    try:
        import sigstore  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "signatures by identity need the package sigstore",
            hint="install ringfence[sigstore], or use --key or --certificate-chain",
        ) from error


@contextmanager
def _asking() -> Iterator[None]:
    """Within it services are asked; whatever they and their clients object to is said to the user.

    Raises:
        UnreadableScope: a service did not do what it was asked.
    """
    try:
        yield
    except Exception as error:
        # the clients of several services raise errors that have no public name, and no base in common
        if (
            not isinstance(error, OSError | ValueError)
            and type(error).__module__.split(".")[0] not in _CLIENTS
        ):
            raise
        raise UnreadableScope(
            f"sigstore could not be asked: {_words(error)}",
            hint="it needs a network; without one use --key, or verify with --trust-config FILE",
        ) from error


def _words(error: Exception) -> str:
    return clip(printable(str(error) or type(error).__name__), chars=LIMITS.evidence_chars)
