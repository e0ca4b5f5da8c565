"""Messages that a program sends over a WebSocket, as Discord's bots identify themselves.

A placeholder is a credential where its credential's pointer says, in a whole text message that is JSON;
elsewhere it is text. Who reads the messages has refused compression (`Sec-WebSocket-Extensions`) before.
"""

from ringfence.core.limits import LIMITS
from ringfence.egress.injecting.bodies import CannotBePut, json_texts_at, json_with_text
from ringfence.egress.injecting.inject import secret_for, written_oddly
from ringfence.egress.injecting.places import Place, Placed
from ringfence.vault.credential import Credential
from ringfence.vault.meanings import Meanings

__all__ = ["inject_message", "placed_in_message"]

_KINDS = frozenset({"websocket"})


def placed_in_message(message: bytes, meaning: Meanings) -> tuple[Placed, ...]:
    """Every placeholder in a whole text message that a secret is to take the place of."""
    if len(message) > LIMITS.injected_body_bytes or not meaning.kinds & _KINDS:
        return ()
    pointers = {each.said("pointer") for each in meaning.all(_KINDS)}
    found = ((pointer, text, meaning(text)) for pointer, text in json_texts_at(message, pointers).items())
    return tuple(
        Placed(credential=meant.credential, place=Place.MESSAGE, name=pointer, text=text, meant=meant)
        for pointer, text, meant in found
        if meant is not None and meant.kind in _KINDS and meant.said("pointer") == pointer
    )


def inject_message(message: bytes, credential: Credential, placed: tuple[Placed, ...]) -> bytes:
    """The message with this credential's secret.

    Raises:
        Misplaced: the placeholder stands there more than once or escaped, or its credential was set anew.
    """
    for each in placed:
        if each.credential == credential.name and each.place is Place.MESSAGE:
            secret = secret_for(credential, each)
            try:
                message = json_with_text(message, each.name, each.text, secret)
            except CannotBePut:
                raise written_oddly(each) from None
    return message
