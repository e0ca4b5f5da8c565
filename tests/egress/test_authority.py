"""A session's own authority, and the certificates that it gives."""

import os
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from ringfence.core.limits import LIMITS
from ringfence.egress.authority import Authority, Leaves, make_authority

_NOW = datetime.now(UTC)


def _leaves(authority: Authority, now: datetime = _NOW) -> Leaves:
    return Leaves(authority, now=lambda: now)


def _shake_hands(server: ssl.SSLContext, trusted: Authority, name: str, *, alpn: list[str]) -> ssl.SSLObject:
    """The client's end, after both have agreed."""
    client = ssl.create_default_context(cadata=trusted.certificate_pem)
    client.set_alpn_protocols(alpn)
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(here, there, server_hostname=name)
    other = server.wrap_bio(there, here, server_side=True)
    for end in (one, other, one, other):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return one


@pytest.mark.parametrize("name", ["api.example.com", "a" * 60 + ".example.com", "192.0.2.7", "2001:db8::7"])
def test_whoever_trusts_the_authority_trusts_its_certificate_for_a_name_or_an_address(name: str) -> None:
    authority = make_authority("one", _NOW)
    agreed = _shake_hands(_leaves(authority).context(name), authority, name, alpn=["h2", "http/1.1"])
    assert agreed.selected_alpn_protocol() == "http/1.1"


def test_a_client_that_knows_http_2_alone_gets_it() -> None:
    authority = make_authority("one", _NOW)
    agreed = _shake_hands(_leaves(authority).context("example.com"), authority, "example.com", alpn=["h2"])
    assert agreed.selected_alpn_protocol() == "h2"


def test_a_client_is_sent_no_more_than_it_needs() -> None:
    """Each certificate more is one that every new connection of every program has to read."""
    authority = make_authority("one", _NOW)
    client = ssl.create_default_context(cadata=authority.certificate_pem)
    client.maximum_version = ssl.TLSVersion.TLSv1_2  # in the open
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(here, there, server_hostname="example.com")
    other = _leaves(authority).context("example.com").wrap_bio(there, here, server_side=True)
    for end in (one, other):
        with pytest.raises(ssl.SSLWantReadError):
            end.do_handshake()
    flight = here.read()
    assert b"ringfence session one" in flight  # the issuer that the certificate names
    assert ssl.PEM_cert_to_DER_cert(authority.certificate_pem) not in flight


def test_nobody_else_trusts_it() -> None:
    one, other = make_authority("one", _NOW), make_authority("other", _NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(_leaves(one).context("example.com"), other, "example.com", alpn=["h2"])


def test_a_certificate_is_for_its_name_alone() -> None:
    authority = make_authority("one", _NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        _shake_hands(_leaves(authority).context("example.com"), authority, "www.example.com", alpn=["h2"])


def test_the_chain_keeps_to_the_standard(tmp_path: Path) -> None:
    authority = make_authority("one", _NOW)
    agreed = _shake_hands(_leaves(authority).context("example.com"), authority, "example.com", alpn=["h2"])
    der = agreed.getpeercert(binary_form=True)
    assert der is not None
    (tmp_path / "leaf.pem").write_text(ssl.DER_cert_to_PEM_cert(der))
    (tmp_path / "ca.pem").write_text(authority.certificate_pem)
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-verify_hostname",
        "example.com",
    ]
    ran = subprocess.run(
        [*command, "-CAfile", tmp_path / "ca.pem", tmp_path / "leaf.pem"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, f"{tmp_path}/leaf.pem: OK\n")


def test_a_context_is_kept_until_shortly_before_its_certificate_ends() -> None:
    now = _NOW
    leaves = Leaves(make_authority("one", _NOW), now=lambda: now)
    first = leaves.context("example.com")
    assert leaves.context("example.com") is first
    now = _NOW + timedelta(hours=46)
    assert leaves.context("example.com") is first
    now = _NOW + timedelta(hours=47)
    assert leaves.context("example.com") is not first


def test_no_more_contexts_are_kept_than_the_limit_and_those_used_last_stay() -> None:
    leaves = _leaves(make_authority("one", _NOW))
    contexts = [leaves.context(f"h{number}.example.com") for number in range(LIMITS.egress_leaves)]
    assert leaves.context("h0.example.com") is contexts[0]
    leaves.context("one-more.example.com")
    assert leaves.context("h0.example.com") is contexts[0]
    assert leaves.context("h1.example.com") is not contexts[1]


def test_the_key_is_neither_shown_nor_left_in_an_open_file() -> None:
    authority = make_authority("one", _NOW)
    assert repr(authority) == "Authority()"
    open_before = os.listdir("/proc/self/fd")
    _leaves(authority).context("example.com")
    assert os.listdir("/proc/self/fd") == open_before


def test_the_authority_signs_no_other_one() -> None:
    certificate = x509.load_pem_x509_certificate(make_authority("one", _NOW).certificate_pem.encode())
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(ca=True, path_length=0))
