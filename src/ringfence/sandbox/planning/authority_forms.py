"""The session's authority for programs that read no file of certificates: Java's store, OpenSSL's folder.

The certificate is our own, with one name in lower case, which OpenSSL takes as it stands. Nothing is checked.
Sources: Java's JavaKeyStore.java (JKS, version 2); OpenSSL's X509_NAME_hash, openssl-rehash(1); X.690.
"""

import hashlib
import struct
from collections.abc import Iterator

__all__ = ["hashed_name", "java_store"]

_MAGIC, _VERSION, _TRUSTED = 0xFEEDFEED, 2, 2
_PASSWORD = "changeit"  # noqa: S105 - nothing is secret in it; all Java stores of authorities have this one
_SALT = b"Mighty Aphrodite"
_ALIAS = b"ringfence"
_SUBJECT = 5  # serial, algorithm, issuer, validity come before it, and a version in most


def java_store(certificate_pem: str) -> bytes:
    """A store of trusted certificates that has this one."""
    der = _der(certificate_pem)
    entry = struct.pack("!I", _TRUSTED) + _text(_ALIAS) + bytes(8) + _text(b"X.509")
    store = struct.pack("!III", _MAGIC, _VERSION, 1) + entry + struct.pack("!I", len(der)) + der
    return store + hashlib.sha1(_PASSWORD.encode("utf-16-be") + _SALT + store, usedforsecurity=False).digest()


def hashed_name(certificate_pem: str) -> str:
    """Under which name OpenSSL looks for an authority in a folder.

    Raises:
        ValueError: this is no certificate.
    """
    der = _der(certificate_pem)
    try:
        certificate = next(_parts(der))[1]
        signed = next(_parts(certificate))[1]
        parts = [each for each in _parts(signed) if each[0] != 0xA0]
        subject = parts[_SUBJECT - 1][1]
    except (IndexError, StopIteration):
        raise ValueError("this is no certificate") from None
    digest = hashlib.sha1(subject, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}.0"


def _der(certificate_pem: str) -> bytes:
    import ssl  # of which a box without a way out needs nothing

    return ssl.PEM_cert_to_DER_cert(certificate_pem)


def _text(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents of what stands one behind the other."""
    at = 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at : at + count])
            at += count
        yield tag, data[at : at + size]
        at += size
