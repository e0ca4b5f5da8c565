"""A sigstore instance of our own on this machine: identity provider, authority, logs and their keys.

As small as the real client accepts: the log has one entry at a time, and everybody is who the instance says.
"""

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing_models import key

IDENTITY, PROVIDER = "builder@acme.test", "https://login.acme.test"
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fulcio")])
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")


class Instance:
    """The services' answers, and the configuration by which a client finds and trusts them."""

    def __init__(self, url: str = "http://127.0.0.1:9") -> None:
        self.url = url
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.root = self._authority()

    def answer(self, path: str, body: dict) -> dict:
        if path.startswith("/token"):
            return {"value": self._token()}
        if path == "/api/v2/signingCert":
            request = x509.load_pem_x509_csr(base64.b64decode(body["certificateSigningRequest"]))
            chain = [self.certificate(request.public_key()), self.root]
            pems = [each.public_bytes(Encoding.PEM).decode() for each in chain]
            return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pems}}}
        return self._logged(body["spec"]["proposedContent"])

    def trust_config(self, path: Path) -> Path:
        start = {"start": "2020-01-01T00:00:00Z"}
        services = {
            each: [{"url": self.url, "majorApiVersion": 1, "validFor": start, "operator": "acme"}]
            for each in ("caUrls", "oidcUrls", "rekorTlogUrls")
        }
        authority = {
            "subject": {"organization": "acme", "commonName": "fulcio"},
            "uri": self.url,
            "certChain": {"certificates": [{"rawBytes": _b64(self.root.public_bytes(Encoding.DER))}]},
            "validFor": start,
        }
        root = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._log("rekor", start)],
            "ctlogs": [self._log("ctlog", start)],
            "certificateAuthorities": [authority],
        }
        signing = {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", **services}
        whole = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": root,
            "signingConfig": signing | {"rekorTlogConfig": {"selector": "ANY"}},
        }
        path.write_text(json.dumps(whole))
        return path

    def certificate(self, owner) -> x509.Certificate:
        """Of minutes, for whoever asks; with the certificate log's promise in it."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(_NAME)
            .public_key(owner)
            .serial_number(7)
            .not_valid_before(self.now - timedelta(minutes=1))
            .not_valid_after(self.now + timedelta(minutes=10))
            .add_extension(_signing_usage(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key("fulcio").public_key()), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(IDENTITY)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER, PROVIDER.encode()), critical=False)
        )
        before = builder.sign(key("fulcio"), hashes.SHA256())
        promised = x509.UnrecognizedExtension(_SCTS, self._promise(before.tbs_certificate_bytes))
        return builder.add_extension(promised, critical=False).sign(key("fulcio"), hashes.SHA256())

    def _authority(self) -> x509.Certificate:
        own = key("fulcio")
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return (
            x509.CertificateBuilder()
            .subject_name(_NAME)
            .issuer_name(_NAME)
            .public_key(own.public_key())
            .serial_number(1)
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + timedelta(days=100))
            .add_extension(x509.BasicConstraints(True, 1), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
            .sign(own, hashes.SHA256())
        )

    def _promise(self, tbs: bytes) -> bytes:
        """A signed certificate timestamp (RFC 6962) in a list in an octet string."""
        millis = int(self.now.timestamp() * 1000)
        entry = _key_id("fulcio") + len(tbs).to_bytes(3, "big") + tbs
        signature = _sign("ctlog", struct.pack("!BBQH", 0, 0, millis, 1) + entry + b"\0\0")
        sct = b"\0" + _key_id("ctlog") + struct.pack("!QH", millis, 0) + b"\x04\x03"
        sct += len(signature).to_bytes(2, "big") + signature
        listed = (len(sct) + 2).to_bytes(2, "big") + len(sct).to_bytes(2, "big") + sct
        return b"\x04" + bytes([len(listed)]) + listed  # 121 to 124 bytes: the short form of DER

    def _logged(self, content: dict) -> dict:
        envelope = json.loads(content["envelope"])
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": _sha256(content["envelope"].encode())},
            "payloadHash": {"algorithm": "sha256", "value": _sha256(base64.b64decode(envelope["payload"]))},
            "signatures": [
                {"signature": envelope["signatures"][0]["sig"], "verifier": content["verifiers"][0]}
            ],
        }
        entry = {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}
        body = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"acme log\n1\n{_b64(root)}\n"
        mark = _b64(_key_id("rekor")[:4] + _sign("rekor", note.encode()))
        told = {
            "body": _b64(body),
            "integratedTime": int(self.now.timestamp()),
            "logID": _key_id("rekor").hex(),
            "logIndex": 0,
        }
        promise = _sign("rekor", json.dumps(told, sort_keys=True, separators=(",", ":")).encode())
        proof = {
            "logIndex": 0,
            "rootHash": root.hex(),
            "treeSize": 1,
            "hashes": [],
            "checkpoint": f"{note}\n\u2014 acme {mark}\n",
        }
        verification = {"signedEntryTimestamp": _b64(promise), "inclusionProof": proof}
        return {"a" * 64: told | {"verification": verification}}

    def _log(self, name: str, start: dict) -> dict:
        public = {
            "rawBytes": _b64(_public(name)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": start,
        }
        return {
            "baseUrl": self.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": public,
            "logId": {"keyId": _b64(_key_id(name))},
        }

    def _token(self) -> str:
        seconds = int(self.now.timestamp())
        claims = {
            "iss": PROVIDER,
            "sub": IDENTITY,
            "aud": "sigstore",
            "iat": seconds,
            "exp": seconds + 600,
        }
        parts = [json.dumps(each).encode() for each in ({"alg": "ES256", "typ": "JWT"}, claims)]
        return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (*parts, b"sig"))


@contextmanager
def running() -> Iterator[Instance]:
    """An instance that listens on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, body: dict) -> None:
            data = json.dumps(instance.answer(self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    instance = Instance(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield instance
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _signing_usage() -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, False, False, False, False)


def _public(name: str) -> bytes:
    return key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_id(name: str) -> bytes:
    return hashlib.sha256(_public(name)).digest()


def _sign(name: str, data: bytes) -> bytes:
    return key(name).sign(data, ec.ECDSA(hashes.SHA256()))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
