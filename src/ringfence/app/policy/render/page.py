"""The document as one HTML page that needs nothing else, on a screen and on paper.

Hidden characters of every value are spelled out, and then it is escaped (autoescape). The page's content
security policy permits its own style and nothing besides.
"""

import base64
import hashlib
from pathlib import Path

from ringfence.app.policy.render import words
from ringfence.app.policy.render.chapters import Document
from ringfence.core.text import printable
from ringfence.policy.sentences import EFFECTS, Value

__all__ = ["page"]

_FOLDER = Path(__file__).parent


def page(document: Document) -> str:
    """The page's text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def harmless(value: object) -> object:
        return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    environment.tests["value"] = lambda piece: isinstance(piece, Value)
    template = environment.from_string((_FOLDER / "page.html.jinja").read_text(encoding="utf-8"))
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    return template.render(
        document=document,
        words=words,
        effects=set(EFFECTS.values()),
        style=Markup(style),  # noqa: S704 - our own file
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
