"""Parses Jinja chat templates as transformers and llama.cpp do. The tree is never rendered.

Source: transformers' `_compile_jinja_template` (loop controls, `{% generation %}`), Jinja's parser.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.core.limits import LIMITS

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["UnreadableTemplateError", "parse", "walk"]


class UnreadableTemplateError(Exception):
    """Not a Jinja template, or nested too deeply. The message is Jinja's, without the template's text."""


def parse(text: str) -> "nodes.Template":
    """The template's tree.

    Raises:
        UnreadableTemplateError: it has none.
    """
    import jinja2
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        """`{% generation %}` marks what the assistant says; it renders what is in it."""

        tags = {"generation"}  # noqa: RUF012  # the base class says a set

        def parse(self, parser: Parser) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    # Nothing of it is ever rendered, so there is nothing that escaping could protect.
    environment = jinja2.Environment(  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation],
    )
    try:
        tree = Parser(environment, text).parse()
    except jinja2.TemplateSyntaxError as error:
        raise UnreadableTemplateError(f"line {error.lineno}: no Jinja") from error
    except RecursionError as error:
        raise UnreadableTemplateError("nested too deeply") from error
    except (ValueError, OverflowError, AssertionError) as error:  # numbers and escapes of absurd length
        raise UnreadableTemplateError("a literal that cannot be read") from error
    if sum(1 for _ in walk(tree)) > LIMITS.template_nodes:
        raise UnreadableTemplateError(f"more than {LIMITS.template_nodes} parts")
    return tree


def walk(node: "nodes.Node") -> Iterator["nodes.Node"]:
    """The node and everything below it, in the order of the text."""
    left = [node]
    while left:
        found = left.pop()
        yield found
        left.extend(reversed(list(found.iter_child_nodes())))
