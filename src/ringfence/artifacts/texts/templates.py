"""Judges chat templates: what rendering one would do. Reads the syntax; never renders.

Jinja is what transformers, vLLM and llama.cpp render, Go's text/template what Ollama does.
"""

from collections.abc import Iterator

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts import hidden_characters
from ringfence.artifacts.texts.go_templates import is_go, judge_go
from ringfence.artifacts.texts.instructions import covert_instructions
from ringfence.artifacts.texts.suspicious_text import programs_in
from ringfence.artifacts.texts.template_calls import judge_calls
from ringfence.artifacts.texts.template_conditions import judge_conditions
from ringfence.artifacts.texts.template_flow import Flow
from ringfence.artifacts.texts.template_reach import judge_reach
from ringfence.artifacts.texts.template_syntax import UnreadableTemplateError, parse
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_template"]


def judge_template(text: str, *, budget: Budget) -> Iterator[Spotted]:
    """What rendering the chat template, Jinja or Go, would do. The evidence names lines.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    if len(text) > LIMITS.template_chars:
        yield _unread(f"longer than {LIMITS.template_chars} characters")
        return
    budget.check_time(at=None)
    yield from hidden_characters.judge_text(text)
    yield from programs_in("the template", text, budget=budget)
    for said in covert_instructions(text):
        yield Spotted(
            check="template-instructs",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=None,
            evidence=(said[: LIMITS.evidence_chars],),
            advice="do not use it; take the template of the model's publisher",
        )
    if is_go(text):
        yield from judge_go(text, budget=budget)
    else:
        yield from _judge_jinja(text, budget)


def _judge_jinja(text: str, budget: Budget) -> Iterator[Spotted]:
    try:
        tree = parse(text)
        budget.check_time(at=None)
        flow = Flow(tree)
        yield from judge_reach(tree, flow.names)
        budget.check_time(at=None)
        yield from judge_calls(tree, flow)
        budget.check_time(at=None)
        yield from judge_conditions(tree, flow)
    except UnreadableTemplateError as error:
        yield _unread(str(error))


def _unread(why: str) -> Spotted:
    return Spotted(
        check="template-unreadable",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(why,),
        advice="have somebody look at the template",
    )
