"""Keys, certificates, models and signatures to sign and verify with, good ones and forged ones."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from doors import free_door
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import NoProgress
from ringfence.app.signing import (
    KeySigner,
    SignRequest,
    Trust,
    Verification,
    VerifyRequest,
    key_trust,
    sign,
    verify,
)
from ringfence.artifacts.signing import make_signature
from ringfence.core.findings import Severity
from ringfence.endpoint.this_platform import this_platform

NOW = datetime(2026, 7, 1, tzinfo=UTC)
FILES = {"config.json": b"{}", "empty": b"", "sub/weights.bin": b"w" * 3000, "é.txt": b"accent"}


def key(name: str = "signer", curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """The same key for the same name, within one run."""
    return _key(name, curve)


@cache
def _key(name: str, curve: type[ec.EllipticCurve]) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


def private_pem(path: Path, private: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> Path:
    secret = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
    return path


def public_pem(path: Path, private: ec.EllipticCurvePrivateKey) -> Path:
    path.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def model(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    for name, content in (FILES if files is None else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def here(folder: Path) -> Here:
    return Here(
        environment={"HOME": str(folder)},
        platform=this_platform,
        now=lambda: NOW,
        digest_cache=folder / "digests.sqlite",
        cores=2,
        door=free_door,
    )


def signed(path: Path, *, by: str = "signer", **options) -> Path:
    request = SignRequest(path=path, **options)
    return sign(request, KeySigner(key=key(by)), here(path.parent), NoProgress()).signature


def verified(path: Path, *, trust: Trust | None = None, **options) -> Verification:
    if trust is None:
        trust = key_trust(public_pem(path.parent / "signer.pub", key()))
    return verify(VerifyRequest(path=path, **options), trust, here(path.parent), NoProgress())


def problems(result: Verification) -> list[tuple[str, str, tuple[str, ...]]]:
    """What is wrong, without remarks."""
    return [
        (each.check, each.subject, each.evidence) for each in result.findings if each.severity > Severity.INFO
    ]


def statement_of(signature: Path) -> dict:
    return json.loads(base64.b64decode(json.loads(signature.read_bytes())["dsseEnvelope"]["payload"]))


def resigned(signature: Path, change: Callable[[dict], object], *, by: str = "signer") -> None:
    """The signature file with its statement changed, and signed again with the real key."""
    statement = statement_of(signature)
    change(statement)
    payload = json.dumps(statement).encode()
    rewrapped(signature, lambda bundle: _put(bundle, payload, make_signature(key(by), payload)))


def rewrapped(signature: Path, change: Callable[[dict], object]) -> None:
    """The signature file with something around the statement changed."""
    bundle = json.loads(signature.read_bytes())
    change(bundle)
    signature.write_text(json.dumps(bundle))


def _put(bundle: dict, payload: bytes, raw: bytes) -> None:
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()


def certificate(
    name: str,
    *,
    by: x509.Certificate | None = None,
    by_key: str | None = None,
    authority: bool = False,
    path_length: int | None = None,
    usage: tuple[str, ...] = (),
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    email: str | None = None,
    days: tuple[int, int] = (-30, 300),
) -> x509.Certificate:
    """The certificate of `key(name)`; its own work where no issuer is given. Days count from NOW."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.subject if by else subject)
        .public_key(key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
    )
    if usage:
        builder = builder.add_extension(_usage(usage), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if email:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(email)]), critical=False)
    return builder.sign(key(by_key or name), hashes.SHA256())


def _usage(wanted: tuple[str, ...]) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{each: each in wanted for each in names})


def certificate_pem(path: Path, *certificates: x509.Certificate) -> Path:
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    return path


def revocation_list(
    by: x509.Certificate,
    *revoked: x509.Certificate,
    by_key: str | None = None,
    days: tuple[int, int] = (-1, 7),
    part: bool = False,
) -> x509.CertificateRevocationList:
    """What the authority `by` took back, signed with its key."""
    name = by.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.subject)
        .last_update(NOW + timedelta(days=days[0]))
        .next_update(NOW + timedelta(days=days[1]))
    )
    for each in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
        builder = builder.add_revoked_certificate(one.revocation_date(NOW - timedelta(days=2)).build())
    if part:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
    return builder.sign(key(by_key or str(name)), hashes.SHA256())


def revocation_pem(path: Path, found: x509.CertificateRevocationList) -> Path:
    path.write_bytes(found.public_bytes(Encoding.PEM))
    return path
