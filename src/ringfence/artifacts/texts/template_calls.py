"""What a Jinja template calls that no renderer of chat templates offers.

Source: transformers' chat_template_utils, llama.cpp's common/jinja, vLLM's tool templates; Jinja's own.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.template_flow import Flow, variable
from ringfence.artifacts.texts.template_syntax import walk
from ringfence.core.findings import Confidence, Severity

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["judge_calls"]

_FUNCTIONS = frozenset(
    (
        *(
            "range",
            "dict",
            "namespace",
            "joiner",
            "cycler",
            "raise_exception",
            "strftime_now",
            "caller",
            "loop",
        ),
        *(
            "super",
            "varargs",
            "kwargs",
            "len",
            "now",
            "tojson",
            "fromjson",
            "from_json",
            "render",
            "bos",
            "eos",
        ),
    )
)
_FILTERS = frozenset(("fromjson", "from_json", "strftime", "ensure_ascii", "items", "b64encode", "split"))


def judge_calls(tree: "nodes.Template", flow: Flow) -> Iterator[Spotted]:
    """Calls and filters that are on no list, each once."""
    from jinja2 import nodes
    from jinja2.filters import FILTERS

    filters = _FILTERS | FILTERS.keys()
    own = flow.assigned | flow.macros.keys() | _FUNCTIONS
    unknown: dict[str, int] = {}
    for node in walk(tree):
        match node:
            case nodes.Call(node=nodes.Name(name=name)) if name not in own:
                unknown.setdefault(f"{name}()", node.lineno)
            case nodes.Filter() if node.name not in filters:
                unknown.setdefault(f"|{node.name}", node.lineno)
            case nodes.CallBlock() if variable(node.call.node) not in own:
                unknown.setdefault(f"{variable(node.call.node)}()", node.lineno)
    if unknown:
        yield Spotted(
            check="template-unknown-call",
            severity=Severity.LOW,
            confidence=Confidence.POSSIBLE,
            at=None,
            evidence=tuple(f"line {line}: {what}" for what, line in unknown.items()),
            advice="find out which program offers it, and what it does there",
        )
