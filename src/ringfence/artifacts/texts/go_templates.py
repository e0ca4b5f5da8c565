"""Ollama's templates, which are Go's: what they look for in messages, and what they say then.

Go's templates reach no file and no program by themselves; a word that they look for is all that is left.

Source: Go's text/template, Ollama docs/template and template/template.go.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.instructions import is_mark, words
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["is_go", "judge_go"]

_GO = pattern(
    r"\{\{-?\s*(?:(?:if|range|with|else if)\b[^}]{0,200}[ (]\$?\.[A-Z]|\$?\.[A-Z]\w*|\$\w*\s*:=|end\s*-?\}\}"
    r"|(?:if|range|with)\s+(?:and|or|not|eq|ne|lt|gt|len|index|\$|\(|\.)|template \"|define \"|block \")"
)
_TEXT_OF_PEOPLE = pattern(r"\.(?:Content|Prompt|System|Response|Suffix|Thinking)\b")
_LITERAL = pattern(r'"((?:[^"\\]|\\.){0,1000})"|`([^`]{0,1000})`')
_TESTS = pattern(r"\b(?:eq|ne|lt|le|gt|ge|contains|hasPrefix|hasSuffix|index|slice|match|regexMatch)\b")
_FUNCTIONS = frozenset(
    (
        *("and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf"),
        *("println", "html", "js", "urlquery", "call", "json", "currentDate", "yesterdayDate", "nil", "true"),
        *("toTypeScriptType", "false", "if", "else", "range", "with", "end", "define", "template", "block"),
        *(
            "break",
            "continue",
            "contains",
            "hasPrefix",
            "hasSuffix",
            "in",
            "toJson",
            "lower",
            "upper",
            "trim",
        ),
    )
)
_OPENS = frozenset(("if", "range", "with", "define", "block"))


def is_go(text: str) -> bool:
    """Whether it is one of Ollama's: fields begin with a dot and a capital letter, and nothing is `{%`."""
    return "{%" not in text and _GO.search(text) is not None


def judge_go(text: str, *, budget: Budget) -> Iterator[Spotted]:
    """Words that it looks for in messages, with what it says when they come up; functions nobody offers.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    open_blocks: list[str] = []  # what the block looks for; "" for nothing
    behind = 0
    line = 1
    for start, end in _actions(text):
        budget.check_time(at=None)
        line += text.count("\n", behind, start)
        yield from _said(text[behind:start], open_blocks, line)
        line += text.count("\n", start, end)
        behind = end
        body = text[start + 2 : end - 2].removeprefix("-").removesuffix("-").strip()
        if body.startswith("/*"):
            continue
        yield from _unknown(body, line)
        yield from _said(" ".join(_literals(body)) if not _TESTS.search(body) else "", open_blocks, line)
        word = body.split(None, 1)[0] if body else ""
        if word in _OPENS:
            open_blocks.append(_looked_for(body, budget))
        elif word == "end" and open_blocks:
            open_blocks.pop()
        elif word == "else" and open_blocks and body != "else":
            open_blocks[-1] = open_blocks[-1] or _looked_for(body, budget)
        if len(open_blocks) > LIMITS.template_depth:
            yield _spotted("template-unreadable", Severity.MEDIUM, "blocks nested too deeply")
            return
    yield from _said(text[behind:], open_blocks, text.count("\n") + 1)


def _actions(text: str) -> Iterator[tuple[int, int]]:
    """Where each action begins and ends, its braces among it."""
    end = 0
    while (start := text.find("{{", end)) >= 0 and (end := text.find("}}", start + 2) + 2) > 1:
        yield start, end


def _literals(body: str) -> Iterator[str]:
    return (found[1] or found[2] or "" for found in _LITERAL.finditer(body))


def _looked_for(body: str, budget: Budget) -> str:
    """The ordinary word that the text of a message is compared with."""
    for test in _TESTS.finditer(body):
        budget.check_time(at=None)
        clause = _clause(body[test.end() : test.end() + LIMITS.license_chars])
        if _TEXT_OF_PEOPLE.search(clause) and (
            found := next((each for each in _literals(clause) if each and not is_mark(each)), "")
        ):
            return found
    return ""


def _clause(behind: str) -> str:
    """What stands up to the bracket that closes the clause."""
    depth = 0
    for at, character in enumerate(behind):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return behind[:at]
    return behind


def _said(text: str, open_blocks: list[str], line: int) -> Iterator[Spotted]:
    looked_for = next((each for each in open_blocks if each), "")
    if looked_for and words(text) >= 2:
        evidence = f"line {line}: looks for ordinary words: {looked_for}"
        said = " ".join(text.split())
        yield _spotted("template-acts-on-messages", Severity.HIGH, evidence, f"says then: {said}")


def _unknown(body: str, line: int) -> Iterator[Spotted]:
    bare = _LITERAL.sub(" ", body)
    for name in re.findall(r"(?<![.$\w])[a-zA-Z]\w*", bare):
        if name not in _FUNCTIONS:
            yield _spotted("template-unknown-call", Severity.LOW, f"line {line}: {name}")


def _spotted(check: str, severity: Severity, *evidence: str) -> Spotted:
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=evidence,
        advice="take the template of the model's publisher",
    )
