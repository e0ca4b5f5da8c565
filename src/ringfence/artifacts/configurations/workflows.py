"""Judges ComfyUI workflows: nodes that run the code which stands in the workflow itself.

Source: ComfyUI's two ways of writing one: {"nodes": [{"type", "widgets_values"}]} and
{"3": {"class_type", "inputs"}}.
"""

import re
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.code.python import judge_python_text
from ringfence.artifacts.configurations.documents import Entry
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity

__all__ = ["judge_node"]

_RUNS_CODE: Final = re.compile(
    r"python|exec(?:ute)?(?![a-z])|eval(?:uate)?(?![a-z])|(?<![a-z])(?:script|shell|lambda|terminal)|javascript"
    r"|ExpressionEval|Expression_Eval|runcode|codenode|code_node|subprocess|system_?command|run_?command",
    re.IGNORECASE,
)
_HARMLESS: Final = re.compile(
    r"MathExpression|SimpleMath|ScriptText|PromptScript|Transcript|Description", re.IGNORECASE
)
_TEXTS: Final = 32


def judge_node(entry: Entry) -> Iterator[Spotted]:
    """What one node of a workflow would run; nothing where the mapping is none."""
    kind, values = _node(entry.mapping)
    if kind is None or not _RUNS_CODE.search(kind) or _HARMLESS.search(kind):
        return
    texts = [each for each in values if isinstance(each, str) and each.strip()][:_TEXTS]
    yield Spotted(
        check="workflow-runs-code",
        severity=Severity.LOW,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=(f"node {kind}", *(text[:200] for text in texts[:2])),
        advice="read the code in this node before you run the workflow",
    )
    for text in texts:
        for found in judge_python_text(text):
            if found.severity >= Severity.HIGH:
                yield found


def _node(mapping: dict[str, Json]) -> tuple[str | None, list[Json]]:
    kind, inputs = mapping.get("class_type"), mapping.get("inputs")
    if isinstance(kind, str) and isinstance(inputs, dict):
        return kind, list(inputs.values())
    kind, widgets = mapping.get("type"), mapping.get("widgets_values")
    if isinstance(kind, str) and isinstance(widgets, list | dict):
        return kind, list(widgets.values()) if isinstance(widgets, dict) else widgets
    return None, []
