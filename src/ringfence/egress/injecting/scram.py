"""A client's side of SCRAM-SHA-256: both ends prove that they know a password, and neither sends it.

Three messages: the client's nonce; the server's, with salt and count; the client's proof. The server's
signature ends it. Sources: RFC 5802, RFC 7677, RFC 4013 (how passwords are prepared), PostgreSQL's manual.
"""

import base64
import binascii
import hashlib
import hmac
import stringprep
import unicodedata
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret

__all__ = ["MECHANISM", "BadScram", "Proof", "first", "prepared", "proof"]

MECHANISM = "SCRAM-SHA-256"
_BARE = "n=,r="  # PostgreSQL takes the user from the start-up
_NO_BINDING = "n,,"
_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


class BadScram(Exception):
    """The server does not speak it, or does not know the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The client's last message, and what the server's must be."""

    message: bytes = field(repr=False)
    answer: bytes = field(repr=False)

    def check(self, final: bytes) -> None:
        """Nothing, if the server knows the password.

        Raises:
            BadScram: it does not.
        """
        if not hmac.compare_digest(final.partition(b",")[0], self.answer):
            raise BadScram("the server does not know the password")


def first(nonce: str) -> bytes:
    """The client's first message; `nonce` is random, printable, without a comma."""
    return f"{_NO_BINDING}{_BARE}{nonce}".encode()


def proof(password: Secret, nonce: str, challenge: bytes) -> Proof:
    """The answer to the server's first message. It takes as long as the server's count says.

    Raises:
        BadScram: that message is none.
    """
    try:
        texts = dict(each.split("=", 1) for each in challenge.decode("ascii").split(","))
        both, salt, count = texts["r"], base64.b64decode(texts["s"], validate=True), int(texts["i"])
    except (ValueError, KeyError, binascii.Error):
        raise BadScram("the server's challenge cannot be read") from None
    if not both.startswith(nonce) or both == nonce or not salt or "m" in texts:
        raise BadScram("the server's challenge is none for this client")
    if not 1 <= count <= LIMITS.postgresql_iterations:
        raise BadScram("the server wants a password stretched out of all measure")
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password.reveal()), salt, count)
    client_key = _hmac(salted, b"Client Key")
    bare = f"c={base64.b64encode(_NO_BINDING.encode()).decode()},r={both}"
    said = b",".join((f"{_BARE}{nonce}".encode(), challenge, bare.encode()))
    signature = _hmac(hashlib.sha256(client_key).digest(), said)
    shown = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
    answer = _hmac(_hmac(salted, b"Server Key"), said)
    return Proof(
        message=f"{bare},p={base64.b64encode(shown).decode()}".encode(),
        answer=b"v=" + base64.b64encode(answer),
    )


def prepared(password: bytes) -> bytes:
    """The password as servers compare it; as it is where it cannot be prepared, as PostgreSQL does."""
    if password.isascii():
        return password
    try:
        text = password.decode()
    except UnicodeDecodeError:
        return password
    mapped = (" " if stringprep.in_table_c12(each) else each for each in text)
    kept = "".join(each for each in mapped if not stringprep.in_table_b1(each))
    made = unicodedata.normalize("NFKC", kept)
    if not made or any(table(each) for each in made for table in _PROHIBITED) or _is_mixed(made):
        return password
    return made.encode()


def _is_mixed(text: str) -> bool:
    """Whether directions of writing are mixed in a way that RFC 3454, section 6, prohibits."""
    if not any(map(stringprep.in_table_d1, text)):
        return False
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return not ends or any(map(stringprep.in_table_d2, text))


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()
