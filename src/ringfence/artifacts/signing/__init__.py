"""Signatures of models in the OpenSSF model-signing format: reads, checks and writes them. Touches no disk.

Source: OpenSSF Model Signing specification 1.0; sigstore bundle 0.3; DSSE 1.0; in-toto Statement v1.
"""

from ringfence.artifacts.signing.bundle import Bundle, read_bundle, write_bundle
from ringfence.artifacts.signing.certificates import check_certificates, load_certificates
from ringfence.artifacts.signing.keys import (
    PrivateKey,
    PublicKey,
    check_signature,
    key_name,
    load_private_key,
    load_public_key,
    make_signature,
)
from ringfence.artifacts.signing.refused import BadKey, BadSignature
from ringfence.artifacts.signing.revocation import load_revocation_list
from ringfence.artifacts.signing.statement import (
    GIT_PATHS,
    DigestName,
    Manifest,
    SignedPiece,
    left_out,
    read_statement,
    write_statement,
)

__all__ = [
    "GIT_PATHS",
    "BadKey",
    "BadSignature",
    "Bundle",
    "DigestName",
    "Manifest",
    "PrivateKey",
    "PublicKey",
    "SignedPiece",
    "check_certificates",
    "check_signature",
    "key_name",
    "left_out",
    "load_certificates",
    "load_private_key",
    "load_public_key",
    "load_revocation_list",
    "make_signature",
    "read_bundle",
    "read_statement",
    "write_bundle",
    "write_statement",
]
