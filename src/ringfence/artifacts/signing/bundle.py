"""The sigstore bundle of a signature file: what was signed, by which key or certificate. Decides nothing.

Stricter than its readers elsewhere: no key twice, exactly one signature, exactly one kind of material.
Source: sigstore protobuf-specs, bundle 0.3, in protobuf's JSON form.
"""

import base64
import binascii
import json
from typing import TypeVar

from ringfence.artifacts.signing.refused import BadSignature
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["PAYLOAD_TYPE", "Bundle", "read_bundle", "write_bundle"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_KINDS = ("publicKey", "x509CertificateChain", "certificate")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One signature. Nothing here is proven until the signature is checked over `payload`."""

    payload: bytes
    signature: bytes
    key_hint: str | None  # what the signer calls the public key, 64 hexadecimal digits
    certificates: tuple[bytes, ...]  # DER, the signer's own first; empty when a bare key signed
    logged: bool  # has an entry in a transparency log, as only keyless signatures do


def read_bundle(data: bytes) -> Bundle:
    """The signature in `data`.

    Raises:
        BadSignature: it is no bundle of version 0.3 that holds one in-toto statement with one signature.
    """
    try:
        whole = _is(dict, parse(data, max_bytes=LIMITS.signature_bytes))
    except BadJson as error:
        raise BadSignature(f"it is no sigstore bundle: {error}") from error
    if whole.get("mediaType") != _MEDIA_TYPE:
        raise BadSignature("it is no sigstore bundle of version 0.3")
    if "messageSignature" in whole:
        raise BadSignature("it signs a message, not a statement about a model")
    envelope = _is(dict, whole.get("dsseEnvelope"))
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise BadSignature("what it signs is no in-toto statement")
    signatures = _is(list, envelope.get("signatures"))
    if len(signatures) != 1:
        raise BadSignature(f"it holds {len(signatures)} signatures where there must be one")
    material = _is(dict, whole.get("verificationMaterial"))
    return Bundle(
        payload=_bytes(envelope.get("payload")),
        signature=_bytes(_is(dict, signatures[0]).get("sig")),
        key_hint=_hint(material),
        certificates=_certificates(material),
        logged=bool(_is(list, material.get("tlogEntries") or [])),
    )


def write_bundle(bundle: Bundle) -> bytes:
    """The bundle as a signature file holds it; the same bundle is the same bytes."""
    chain = [{"rawBytes": _text(each)} for each in bundle.certificates]
    material: dict[str, object] = (
        {"x509CertificateChain": {"certificates": chain}}
        if chain
        else {"publicKey": {"hint": bundle.key_hint}}
    )
    envelope = {
        "payload": _text(bundle.payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": _text(bundle.signature), "keyid": ""}],
    }
    whole = {
        "mediaType": _MEDIA_TYPE,
        "verificationMaterial": {**material, "tlogEntries": []},
        "dsseEnvelope": envelope,
    }
    return json.dumps(whole, separators=(",", ":")).encode()


def _hint(material: dict[str, Json]) -> str | None:
    present = [kind for kind in _KINDS if material.get(kind) is not None]
    if len(present) != 1:
        raise BadSignature("it must say with one key or one certificate who signed")
    if present != ["publicKey"]:
        return None
    hint = _is(dict, material["publicKey"]).get("hint")
    return None if hint is None else _is(str, hint)


def _certificates(material: dict[str, Json]) -> tuple[bytes, ...]:
    if material.get("publicKey") is not None:
        return ()
    if material.get("certificate") is not None:
        listed: list[Json] = [material["certificate"]]
    else:
        listed = _is(list, _is(dict, material["x509CertificateChain"]).get("certificates"))
    if not 1 <= len(listed) <= LIMITS.signature_certificates:
        raise BadSignature(f"it holds {len(listed)} certificates")
    return tuple(_bytes(_is(dict, each).get("rawBytes")) for each in listed)


def _is(kind: type[_T], value: object) -> _T:
    if not isinstance(value, kind):
        raise BadSignature("it is no sigstore bundle: a part is missing or of the wrong type")
    return value


def _bytes(value: Json) -> bytes:
    try:
        return base64.b64decode(_is(str, value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature("it is no sigstore bundle: a part is not base64") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
