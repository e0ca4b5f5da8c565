"""A session's own certificate authority, which nobody but its box trusts, and its certificates.

The authority is made when a session begins and ends with it; its key never lies in a file that has a name.
All its certificates have one key. A name gets its certificate when a program first connects to it; what is
dialled by address gets one for the address. Sources: RFC 5280, RFC 6125.
"""

import ipaddress
import os
import ssl
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Authority", "Leaves", "make_authority"]

_EARLIER = timedelta(days=1)  # clocks that are late
_AUTHORITY_LASTS = timedelta(days=90)
_LEAF_LASTS = timedelta(days=2)
_RENEWED = timedelta(hours=1)  # before its end
_COMMON_NAME_CHARS = 64  # of X.520; the name that counts is the alternative one
_PROTOCOLS = ("http/1.1", "h2")  # by preference: h2 only where a client knows nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What signs; `key_pem` is a secret of the session."""

    certificate_pem: str
    key_pem: str

    def __repr__(self) -> str:
        return "Authority()"


def make_authority(session: str, now: datetime) -> Authority:
    """A new one for a session, good from yesterday on. `now` is aware."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"ringfence session {session}")
    certificate = (
        _begun(name, name, key.public_key(), now, _AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate_pem=_pem(certificate), key_pem=_key_pem(key))


class Leaves:
    """The certificates that an authority has given, as TLS contexts; those used last are kept.

    Raises:
        ValueError: the authority's key or certificate is none.
    """

    def __init__(self, authority: Authority, *, now: Callable[[], datetime]) -> None:
        key = load_pem_private_key(authority.key_pem.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the authority's key is of another kind")
        self._key, self._now = key, now
        self._authority = x509.load_pem_x509_certificate(authority.certificate_pem.encode())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._kept: OrderedDict[str, tuple[datetime, ssl.SSLContext]] = OrderedDict()

    def context(self, host: str) -> ssl.SSLContext:
        """For a server that is called `host`, a name in lower case or an address."""
        now = self._now()
        until, context = self._kept.get(host, (now, None))
        if context is not None and now < until:
            self._kept.move_to_end(host)
            return context
        context = self._made(host, now)
        self._kept[host] = (now + _LEAF_LASTS - _RENEWED, context)
        self._kept.move_to_end(host)
        while len(self._kept) > LIMITS.egress_leaves:
            self._kept.popitem(last=False)
        return context

    def _made(self, host: str, now: datetime) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(list(_PROTOCOLS))
        context.num_tickets = 1  # each costs the client's first request
        chain = _pem(self._leaf(host, now)) + _key_pem(self._leaf_key)  # who trusts the authority has it
        # OpenSSL is given files only: this one has no name, and is gone when it is closed.
        fd = os.memfd_create("leaf", os.MFD_CLOEXEC)
        try:
            os.write(fd, chain.encode())
            context.load_cert_chain(_named(fd))
        finally:
            os.close(fd)
        return context

    def _leaf(self, host: str, now: datetime) -> x509.Certificate:
        issuer = self._key.public_key()
        return (
            _begun(
                _name(host[:_COMMON_NAME_CHARS]),
                self._authority.subject,
                self._leaf_key.public_key(),
                now,
                _LEAF_LASTS,
            )
            .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._leaf_key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )


def _named(fd: int) -> str:
    """The descriptor as a file, also where a process sees nothing but its descriptors: `daemon.confining`."""
    name = f"/proc/self/fd/{fd}"
    return name if Path(name).exists() else f"/{fd}"


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    lasts: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lasts)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:_COMMON_NAME_CHARS])])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
