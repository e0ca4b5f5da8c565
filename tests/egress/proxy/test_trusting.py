"""What the system trusts is read at once: later the proxy can read no file."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from broker_scene import authority
from ringfence.egress.proxy.tls import trusting


def test_a_folder_of_authorities_is_read_when_the_first_context_is_made(tmp_path: Path, monkeypatch) -> None:
    certificate, _ = authority()
    (tmp_path / "ours.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "README").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    assert trusting.__wrapped__(None).cert_store_stats() == {"x509": 1, "crl": 0, "x509_ca": 1}
