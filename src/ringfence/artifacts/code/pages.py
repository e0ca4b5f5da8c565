"""Judges pages, pictures of tags (SVG) and outputs of notebooks by what a browser would run and fetch.

Plots and tables of honest libraries bring scripts too, so that script alone is only unknown. Suspicious is
what none of them needs: running what is decoded or fetched, sending what the browser knows, asking for a
password, opening a share of another machine.

Source: the HTML living standard, sections on tags, scripts and URLs; SVG 2.
"""

import re
from collections.abc import Iterator
from dataclasses import field
from html import unescape
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.code.scripts import attacks_in
from ringfence.artifacts.code.sought import Sought, first_found
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["Page", "begins_as_page", "judge_pages"]

_BEGINS: Final = re.compile(
    r"\ufeff?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--[^>]{0,1000}-->\s*)?"
    r"(?:<!doctype\s+(?:html|svg)\b|<html\b|<svg\b)",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<(?:!--|([a-zA-Z][\w:-]{0,40}))")
_COMMENT: Final = re.compile(r"-?>|.*?--!?>", re.DOTALL)  # the first closes at once
_ENDS: Final = re.compile(r"[\"'>]")
_ATTRIBUTE: Final = re.compile(r"([^\s\"'<>/=]{1,100})\s{0,20}=\s{0,20}(\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+)")
_END_OF_SCRIPT: Final = re.compile(r"</script", re.IGNORECASE)
_SPACE: Final = re.compile(r"[\x00-\x20]+")
_NO_SCRIPT: Final = re.compile(
    r"json|template|x-mathjax-config|plain|html|glsl|shader|importmap", re.IGNORECASE
)
_NOTHING: Final = re.compile(r"javascript:(?:void\(?0?\)?|;|return(?:false|true)?|false|#)?;?", re.IGNORECASE)
_SHARE: Final = re.compile(r"file://(?!localhost/|/)[\w.-]+|\\\\[\w.-]+\\", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(r"(?:https?:)?//([\w.-]{1,253})", re.IGNORECASE)
_LINKS: Final = ("href", "src", "action", "formaction", "xlink:href", "data", "poster", "background")
_DRAWN: Final = ("use", "image", "feimage", "script")
_SOUGHT: Final = (
    # What a page does to a notebook's kernel; drawing libraries ask it for their own objects.
    Sought(
        "^kernel execute os.|subprocess|import|exec|eval|urllib|requests.|!",
        re.compile(
            r"kernel\s{0,4}\.\s{0,4}(?:execute|requestExecute)\s{0,4}\([^\n]{0,300}"
            r"(?:os\.(?:system|popen)|subprocess|__import__|\bexec\(|\beval\(|urllib|requests\.|[\"'`]!)"
        ),
    ),
    Sought(
        "^fetch .text() eval|function",
        re.compile(r"\bfetch\s{0,4}\([^\n]{1,300}\.text\(\)[^\n]{0,120}(?:\beval\b|\bFunction\b)"),
    ),
    Sought("^document.write atob", re.compile(r"\bdocument\.write\s{0,4}\(\s{0,4}atob\(")),
)
_EVERYDAY: Final = (
    "runs what it fetches in the page"  # as every plot does that takes its library from elsewhere
)
_SHOWN: Final = 5  # of one kind


def begins_as_page(text: str) -> bool:
    """Whether a browser would take the text for HTML or SVG."""
    return _BEGINS.match(text) is not None


@dataclass(slots=True, kw_only=True)
class Page:
    """What one page, or all outputs of a notebook, would do."""

    scripts: list[str] = field(default_factory=list)  # what is told of each
    fetched: list[str] = field(default_factory=list)  # hosts
    bad: dict[tuple[str, str], None] = field(default_factory=dict)  # check, evidence

    def read(self, text: str, *, budget: Budget) -> None:
        """Adds what stands in a page.

        Raises:
            Malformed: it takes longer than the budget allows.
        """
        is_picture = text.lstrip()[:4].lower() == "<svg" or "<svg" in text[:1000].lower()
        at = 0
        while (found := _TAG.search(text, at)) is not None:
            budget.check_time(at=None)
            if not found[1]:
                comment = _COMMENT.match(text, found.end())
                at = comment.end() if comment else len(text)
                continue
            at, attributes = _attributes(text, found.end())
            tag = found[1].lower().rpartition(":")[2]
            self._tag(tag, attributes, is_picture=is_picture)
            if tag == "script":
                end = _END_OF_SCRIPT.search(text, at)
                stop = end.start() if end else len(text)
                if not _NO_SCRIPT.search(attributes.get("type", "")):
                    self.script(text[at:stop], attributes.get("src", ""))
                at = stop

    def script(self, body: str, source: str = "") -> None:
        """Adds a script, which stands in the page or comes from elsewhere."""
        host = _ELSEWHERE.match(source)
        if host:
            self.scripts.append(f"a script from {host[1]}")
        elif source or body.strip():
            self.scripts.append(f"a script: {' '.join(body[:200].split())[:80] or source[:80]}")
        for attack in attacks_in(body):
            if not attack.startswith(_EVERYDAY):
                self.bad["script-attack", attack] = None
        if found := first_found(_SOUGHT, body):
            self.bad["script-attack", " ".join(found[0].split())[: LIMITS.evidence_chars]] = None

    def _tag(self, tag: str, attributes: dict[str, str], *, is_picture: bool) -> None:
        for name, value in attributes.items():
            if name.startswith("on") and len(name) > 3:
                self.script(value)
            elif name in _LINKS:
                self._link(tag, value, is_picture=is_picture)
        if tag == "input" and attributes.get("type", "").lower() == "password":
            self.bad["page-asks-for-secrets", "a field for a password"] = None

    def _link(self, tag: str, value: str, *, is_picture: bool) -> None:
        plain = _SPACE.sub("", value[: LIMITS.script_bytes])
        if plain[:11].lower() == "javascript:":
            if not _NOTHING.fullmatch(plain):
                self.script(value[value.find(":") + 1 :])
        elif found := _SHARE.match(plain):
            self.bad["page-opens-share", found[0]] = None
        elif plain[:14].lower() == "data:text/html":
            self.scripts.append("a page within a link")
        elif (host := _ELSEWHERE.match(plain)) and (tag == "iframe" or (is_picture and tag in _DRAWN)):
            self.fetched.append(f"{tag} of {host[1]}")


def judge_pages(page: Page) -> Iterator[Spotted]:
    """What is spotted in all that was read."""
    for check, evidence in page.bad:
        yield _spotted(check, Severity.HIGH, (evidence,), "do not open it in a browser or a notebook")
    told = tuple(dict.fromkeys((*page.scripts, *page.fetched)))
    if told:
        advice = "open it only where it can reach nothing; a picture or a table needs no script"
        yield _spotted("page-script", Severity.LOW, told[:_SHOWN], advice)


def _attributes(text: str, at: int) -> tuple[int, dict[str, str]]:
    """Where the tag ends whose name ends at `at`, and its attributes; the first of two equal ones counts."""
    start = at
    while (found := _ENDS.search(text, at)) is not None and found[0] != ">":
        closing = text.find(found[0], found.end())
        if closing < 0:  # a quotation mark that stays open
            end = text.find(">", found.end())
            return (end + 1 if end >= 0 else len(text)), {}
        at = closing + 1
    end = found.start() if found else len(text)
    attributes: dict[str, str] = {}
    for each in _ATTRIBUTE.finditer(text, start, end):
        value = each[2][1:-1] if each[2][0] in "\"'" else each[2]
        attributes.setdefault(each[1].lower(), unescape(value) if "&" in value else value)
    return (end + 1 if found else end), attributes


def _spotted(check: str, severity: Severity, evidence: tuple[str, ...], advice: str) -> Spotted:
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.CERTAIN if severity is Severity.LOW else Confidence.LIKELY,
        at=None,
        evidence=evidence,
        advice=advice,
    )
