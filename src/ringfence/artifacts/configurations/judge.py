"""Judges a configuration by what its keys make loaders do, whatever the file is called or written in."""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.configurations.documents import Document, Entry, entries
from ringfence.artifacts.configurations.interpolation import with_names_put_in
from ringfence.artifacts.configurations.packages import judge_environment
from ringfence.artifacts.configurations.rules import ACTED_ON, RULES, TARGETS
from ringfence.artifacts.configurations.words import words
from ringfence.artifacts.configurations.workflows import judge_node
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.suspicious_text import judge_value
from ringfence.artifacts.texts.templates import judge_template
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_document"]

_TEMPLATES: Final = ("chat_template", "chat_templates", "default_chat_template")
_PROMPTS: Final = ("template", "prefix", "suffix")
# Words that a model knows, and what people wrote for it: nothing that a program acts on.
_NO_SETTING: Final = words("no_setting")


def judge_document(document: Document, *, budget: Budget, is_data: bool = False) -> Iterator[Spotted]:
    """What is spotted in one document; the texts of `is_data`, one record of many, are nobody's settings."""
    yield from _twice(document)
    looked_at: set[str] = set()  # what an alias repeats is looked at once
    for count, entry in enumerate(entries(document.value)):
        if not count % 1024:
            budget.check_time(at=None)
        resolved = with_names_put_in(entry, TARGETS, document.value)
        for rule in RULES:
            yield from rule(resolved)
        yield from judge_node(entry)
        yield from judge_environment(entry)
        for template in _templates(entry):
            if template not in looked_at:
                looked_at.add(template)
                yield from judge_template(template, budget=budget)
        if not is_data and isinstance(document.value, dict):
            for key, text in _settings(entry):
                if text not in looked_at:
                    if len(looked_at) == LIMITS.configuration_texts:
                        detail = f"more than {len(looked_at)} texts in one document"
                        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail=detail)
                    looked_at.add(text)
                    yield from judge_value(key, text, budget=budget)


def _twice(document: Document) -> Iterator[Spotted]:
    """Keys that stand twice with different values: by mistake, or so that two loaders see two things."""
    for key, value in document.shadowed[: LIMITS.evidence_items]:
        hides = key in ACTED_ON or _acts(value)
        yield Spotted(
            check="duplicate-key",
            severity=Severity.HIGH if hides else Severity.MEDIUM,
            confidence=Confidence.CERTAIN,
            at=None,
            evidence=(f"key {key} stands twice, with different values",),
            advice="do not load it: loaders disagree on which value counts",
        )


def _acts(value: Json) -> bool:
    return any(rule_says for entry in entries(value) for rule in RULES for rule_says in rule(entry))


def _templates(entry: Entry) -> Iterator[str]:
    """Chat templates: one text, a list of names and texts, or a mapping of them; and prompts of LangChain."""
    if entry.mapping.get("template_format") == "jinja2":
        yield from (each for key in _PROMPTS if isinstance(each := entry.mapping.get(key), str))
    for key in _TEMPLATES:
        found = entry.mapping.get(key)
        if isinstance(found, str):
            yield found
        elif isinstance(found, list | dict):
            for each in found.values() if isinstance(found, dict) else found:
                text = each.get("template") if isinstance(each, dict) else each
                if isinstance(text, str):
                    yield text


def _settings(entry: Entry) -> Iterator[tuple[str, str]]:
    """Texts that are settings, with their keys."""
    if _NO_SETTING & set(entry.path.split(".")):
        return
    for key, value in entry.mapping.items():
        if key in _NO_SETTING:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and len(each) >= 8:
                yield key, each
