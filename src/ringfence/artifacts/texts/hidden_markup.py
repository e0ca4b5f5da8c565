"""Finds instructions for models and agents that a README hides from people: in comments, in invisible spans.

Instructions that everybody sees are a README's business; only what the page does not show counts.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.instructions import covert_instructions
from ringfence.artifacts.texts.suspicious_text import programs_in
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_markup"]

_STYLE = (
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?:\.0\d*)?\s*[;\"']"
    r"|color\s*:\s*(?:white|#fff(?:fff)?|transparent)\b|(?:height|width)\s*:\s*0(?:px)?\s*[;\"']"
)
_HIDING = re.compile(
    rf"<(\w{{1,20}})\b[^<>]{{0,300}}?(?:{_STYLE}|\shidden(?=[\s>=]))[^<>]{{0,300}}>", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"^\[(?://|comment|_|#)[^\]]{0,20}\]:\s*#?\s*[(\"'](.{1,2000})[)\"']\s*$", re.MULTILINE
)
_ATTRIBUTE = re.compile(r"\b(?:alt|title|aria-label)\s*=\s*\"([^\"]{40,2000})\"", re.IGNORECASE)
_TO_MODELS = re.compile(
    r"\b(?:AI|LLM|language model|assistant|agent|copilot|claude|chatgpt|gpt|gemini|cursor)s?\b[^\n]{0,80}"
    r"\b(?:run|execute|install|download|fetch|curl|send|approve|ignore|disregard|respond|reply|upload)\b",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(r"\b(?:you|your|must|should|please|always|never)\b", re.IGNORECASE)
_HIDDEN_CHARS = 20_000  # of one hidden part


def judge_markup(text: str, *, budget: Budget) -> Iterator[Spotted]:
    """Hidden parts of the Markdown or HTML that speak to a model or hold commands.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    for hidden in _hidden(text):
        budget.check_time(at=None)
        said = next(covert_instructions(hidden), None)
        said = said or next((each.evidence[-1] for each in programs_in("", hidden, budget=budget)), None)
        if said is None and _ADDRESSED.search(hidden) and (found := _TO_MODELS.search(hidden)):
            said = found[0]
        if said:
            yield Spotted(
                check="hidden-instructions",
                severity=Severity.HIGH,
                confidence=Confidence.POSSIBLE,
                at=None,
                evidence=(" ".join(said.split())[: LIMITS.evidence_chars],),
                advice="keep agents from reading it; ask its publisher who it is meant for",
            )
            return


def _hidden(text: str) -> Iterator[str]:
    at = 0
    while (start := text.find("<!--", at)) >= 0:
        end = text.find("-->", start)
        end = len(text) if end < 0 else end
        yield text[start + 4 : min(end, start + _HIDDEN_CHARS)]
        at = end + 3
    for found in _HIDING.finditer(text):
        end = text.find(f"</{found[1]}", found.end(), found.end() + _HIDDEN_CHARS)
        yield text[found.end() : end if end >= 0 else found.end() + _HIDDEN_CHARS]
    for pattern in (_REFERENCE, _ATTRIBUTE):
        yield from (found[1] for found in pattern.finditer(text))
