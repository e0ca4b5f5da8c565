"""The document as one HTML page that needs nothing else, on a screen and on paper."""

from pathlib import Path

from ringfence.app.lone_page import lone_page
from ringfence.app.policy.render import words
from ringfence.app.policy.render.chapters import Document
from ringfence.policy.sentences import EFFECTS, Value

__all__ = ["page"]


def page(document: Document) -> str:
    """The page's text."""
    return lone_page(
        Path(__file__).parent,
        tests={"value": lambda piece: isinstance(piece, Value)},
        document=document,
        words=words,
        effects=set(EFFECTS.values()),
    )
