"""Signs models and verifies signatures. What is right to sign and to accept, `artifacts.signing` decides."""

from ringfence.app.signing.sign import Signed, SignRequest, sign
from ringfence.app.signing.signers import KeySigner, Signer, key_signer
from ringfence.app.signing.trust import Trust, certificate_trust, key_trust
from ringfence.app.signing.verify import Verification, VerifyRequest, verify

__all__ = [
    "KeySigner",
    "SignRequest",
    "Signed",
    "Signer",
    "Trust",
    "Verification",
    "VerifyRequest",
    "certificate_trust",
    "key_signer",
    "key_trust",
    "sign",
    "verify",
]
