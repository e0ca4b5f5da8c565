"""What an exported PyTorch program (JSON in a .pt2 file) calls and evaluates.

Loading looks up each function by its dotted name, from `torch` on, and gives each symbolic expression to
sympy, which evaluates it as Python. Operators and arithmetic are all that honest programs need.

Source: torch/_export/serde/serialize.py in PyTorch 2.15.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Inside
from ringfence.artifacts.json_table import document_of
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge", "judge_expression", "pickled"]

_OPERATOR = re.compile(
    r"torch\.(?:ops\.(?!os\b|sys\b)\w+(?:\.\w+)*|sym_\w+|_sym_\w+|_higher_order_ops\.\w+(?:\.\w+)*"
    r"|_C\._functorch\.\w+|_check\w*|amp\.\w+(?:\.\w+)*|autograd\.\w+(?:\.\w+)*|_C\._set_grad_enabled)"
    r"|_operator\.\w+|math\.\w+|#\w[\w:.#]*"
)
_NO_OPERATOR = re.compile(r"_operator\.(?:attrgetter|methodcaller|itemgetter)|.*\b__\w+__\b(?<!__init__)")
_ARITHMETIC = re.compile(r"[\w\s.+\-*/(),<>=&|~!%^]*")
_NEVER = re.compile(r"__|\b(?:import|eval|exec|open|lambda|getattr|compile|system)\b|['\"\[\]]")
# How sympy writes symbols and numbers so that it can read them again.
_ATOM = re.compile(
    r"\b(?:Symbol|Dummy|Integer|Float|Rational)\("
    r"(?:'[A-Za-z]\w{0,80}'|'?-?[\d.]{1,80}(?:e[+-]?\d{1,5})?'?)"
    r"(?:, ?(?:[a-z]{1,20}=(?:True|False|None|\d{1,9})|-?\d{1,80})){0,12}\)"
)
_REACHES = re.compile(r"(?:torch|math)(?:\.|$)")


def judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """The names and expressions in the document that are neither operators nor arithmetic."""
    seen: set[tuple[str, str]] = set()
    left = [document_of(reader)]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left.extend(value)
        elif isinstance(value, dict):
            left.extend(value.values())
            for key in ("target", "expr_str"):
                text = value.get(key)
                if isinstance(text, str) and (key, text) not in seen:
                    seen.add((key, text))
                    yield from _target(text) if key == "target" else judge_expression(text)


def pickled(text: bytes) -> Iterator[str]:
    """Which files a list of weights or constants says are pickles. One that is broken says nothing."""
    try:
        document = parse(text, max_bytes=LIMITS.judged_json_bytes)
    except BadJson:  # which `judge` tells
        return
    payloads = document.get("config") if isinstance(document, dict) else None
    for payload in payloads.values() if isinstance(payloads, dict) else ():
        if isinstance(payload, dict) and payload.get("use_pickle"):
            yield str(payload.get("path_name"))


def _target(name: str) -> Iterator[Spotted]:
    """Names that do not begin with a module are nodes of the graph, which reach nothing."""
    if _OPERATOR.fullmatch(name) and not _NO_OPERATOR.match(name):
        return
    if _REACHES.match(name) or name.startswith("_operator"):
        yield _spotted(Severity.HIGH, f"calls {name}, which is no operator")


def judge_expression(text: str) -> Iterator[Spotted]:
    """What there is in a symbolic expression besides arithmetic."""
    plain = _ATOM.sub("s", text)
    if _NEVER.search(plain):
        yield _spotted(Severity.CRITICAL, f"evaluates {text}")
    elif not _ARITHMETIC.fullmatch(plain):
        yield _spotted(Severity.HIGH, f"evaluates {text}, which is no arithmetic")


def _spotted(severity: Severity, what: str) -> Spotted:
    return Spotted(
        check="pytorch-export-calls",
        severity=severity,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=(what,),
        advice="do not load it: a program of tensors has no reason to name this",
    )
