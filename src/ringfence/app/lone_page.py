"""An HTML page that needs nothing else: no script, no address, no font from elsewhere.

Hidden characters of every value are spelled out, and then it is escaped (autoescape). The page's content
security policy permits its own style and nothing besides.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ringfence.core.text import printable

__all__ = ["lone_page"]


def lone_page(folder: Path, *, tests: Mapping[str, Callable[[object], bool]] = {}, **values: object) -> str:
    """The text of `page.html.jinja` with `page.css`, both of `folder`; the template knows `tests` by name."""
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
    environment.tests.update(tests)
    template = environment.from_string((folder / "page.html.jinja").read_text(encoding="utf-8"))
    style = (folder / "page.css").read_text(encoding="utf-8")
    return template.render(
        **values,
        style=Markup(style),  # noqa: S704 - our own file
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
