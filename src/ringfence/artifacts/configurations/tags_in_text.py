"""Finds YAML with tags of programs in texts that are not called YAML: whoever loads one decides what it is.

Prose that mentions such a tag, and Markdown that shows one, is no YAML; as much of a text as reads as YAML
counts, because a loader of several documents builds the first before it looks at the second.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_tags", "may_have_tags"]

_MARK: Final = re.compile(r"!![\w-]{0,40}[/.%]|tag:yaml\.org,2002:|%TAG|!<[^>\s]{0,40}%")


def may_have_tags(text: str) -> bool:
    """Whether it is worth while to read the text as YAML."""
    return _MARK.search(text) is not None


def judge_tags(text: str, *, budget: Budget) -> Iterator[Spotted | Problem]:
    """What an unsafe loader would do with the text, of which at most `limits.config_bytes` are read."""
    from ringfence.artifacts.configurations.yaml_documents import Yaml, yaml_document
    from ringfence.artifacts.configurations.yaml_tags import judge_tag

    data = text.encode("utf-8", "replace")
    cut = data[: LIMITS.config_bytes]
    if len(cut) < len(data):
        cut = cut[: cut.rfind(b"\n") + 1]
    found = Yaml(value=None)
    try:
        yaml_document(cut, budget=budget, into=found)
    except Malformed as stop:
        if stop.problem.kind is ProblemKind.OVER_LIMIT:
            raise
    else:
        if len(cut) < len(data):
            detail = f"YAML with tags of more than {LIMITS.config_bytes} bytes"
            yield Problem(kind=ProblemKind.OVER_LIMIT, at=None, detail=detail)
    for tagged in found.tags:
        for spotted in judge_tag(tagged):
            if spotted.severity < Severity.HIGH:
                yield spotted
            else:
                yield replace(spotted, severity=Severity.HIGH, confidence=Confidence.POSSIBLE)
