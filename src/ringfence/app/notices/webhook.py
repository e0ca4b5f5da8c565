"""Notices by webhook: a JSON document each, signed where the policy names a key, tried a few times.

The key is a file's bytes, without white space around them. What is signed is the time of the try, a full stop
and the body, so that a receiver can refuse what is old or not ours.

Source: RFC 2104 (HMAC).
"""

import hmac
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ringfence.app.documents import document
from ringfence.app.notices.message import message
from ringfence.app.notices.noticing import Notice
from ringfence.app.notices.outbox import NotTold
from ringfence.app.notices.posting import Poster
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.gate.state import read_private
from ringfence.policy.values import Webhook

__all__ = ["SCHEMA", "SIGNATURE", "TIMESTAMP", "WebhookReceiver"]

SCHEMA = "ringfence.notice/1"
TIMESTAMP, SIGNATURE = "Ringfence-Timestamp", "Ringfence-Signature"
_LEAST_BYTES = 16  # of a key: what is shorter is a mistake
_PAUSES_S = (1.0, 5.0)  # before each further try
_DONE, _TOO_MANY, _SERVERS = 2, 429, 5
_HINT = "see to the address in the policy's operators.notify, or to whoever answers there"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver:
    """One address that is told. `pause` waits for seconds, or less where nobody is told any more."""

    webhook: Webhook
    key_at: Path | None  # where the key of its signatures lies; None: they are not signed
    poster: Poster
    pause: Callable[[float], object]
    now: Callable[[], datetime]

    @property
    def name(self) -> str:
        """Host and port: the rest of the address may be a secret of the receiver's."""
        return f"webhook {self.webhook.host}:{self.webhook.port}"

    def send(self, notice: Notice) -> None:
        """Posts it, up to three times where nobody answers, or with a server's error."""
        body = document(SCHEMA, message(notice)).encode()
        key = self._key()
        for number in range(LIMITS.webhook_tries):
            if number:
                self.pause(_PAUSES_S[number - 1])
            try:
                status = self.poster.post(self.webhook, body, self._signed(body, key))
            except OSError as error:
                why = _said(error)
                continue
            if status // 100 == _DONE:
                return
            why = f"it answers {status}"
            if status // 100 != _SERVERS and status != _TOO_MANY:
                break
        raise NotTold(why, hint=_HINT)

    def _signed(self, body: bytes, key: bytes | None) -> tuple[tuple[str, str], ...]:
        if key is None:
            return ()
        at = str(int(self.now().timestamp()))
        mac = hmac.digest(key, at.encode() + b"." + body, "sha256").hex()
        return ((TIMESTAMP, at), (SIGNATURE, f"v1={mac}"))

    def _key(self) -> bytes | None:
        """Read for each notice, so that another one counts at once. What is to be signed never goes unsigned.

        Raises:
            NotTold: it cannot be relied on.
        """
        if self.key_at is None:
            return None
        try:
            key = read_private(self.key_at, most_bytes=LIMITS.webhook_secret_bytes + 1)
        except RingfenceError as error:
            raise NotTold(f"its key: {error.what}", hint=error.hint) from error
        if key is None:
            raise NotTold(
                "its key is not there", hint="write one: openssl rand -hex 32, in a file of mode 600"
            )
        if not _LEAST_BYTES <= len(key.strip()) <= len(key) <= LIMITS.webhook_secret_bytes:
            raise NotTold(
                f"its key has not {_LEAST_BYTES} to {LIMITS.webhook_secret_bytes} bytes",
                hint="make another one: openssl rand -hex 32",
            )
        return key.strip()


def _said(error: OSError) -> str:
    match error:
        case TimeoutError():
            return f"it does not answer within {LIMITS.webhook_s:.0f} seconds"
        case _ if getattr(error, "verify_message", ""):
            return f"its certificate is not trusted: {getattr(error, 'verify_message', '')}"
    return "it cannot be reached, or its answer is no HTTPS"
