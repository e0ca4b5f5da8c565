"""Judges scripts in other languages than Python by their text: what fetches and runs, hides or phones home.

There is no parser for all of them, so a script is at best unknown; these patterns are what no installer of an
honest model needs.
"""

import re
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.code.commands import dangerous_command
from ringfence.artifacts.code.sought import Sought
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.hidden_characters import judge_text
from ringfence.core.findings import Confidence, Severity

__all__ = ["attacks_in", "judge_script"]

_FETCH: Final = r"(?:curl|wget)\b"
_ATTACKS: Final = tuple(
    (why, Sought(needs, re.compile(pattern, re.IGNORECASE | re.MULTILINE)))
    for why, patterns in {
        "runs what it decodes": (
            (
                "^eval atob|unescape|decodeuricomponent|buffer.from",
                r"\beval\s{0,4}\(\s{0,4}(?:atob|unescape|decodeURIComponent|Buffer\.from)\s{0,4}\(",
            ),
            (
                "^function atob|unescape|buffer.from",
                r"\bFunction\s{0,4}\(\s{0,4}(?:atob|unescape|Buffer\.from)\s{0,4}\(",
            ),
            (
                "^eval base64",
                r"\beval\s{1,4}[\"'`$(]{1,4}\s{0,4}(?:echo|printf|base64|xxd)\b[^\n]{0,200}base64",
            ),
            (
                "^frombase64string( invoke|iex|load",
                r"FromBase64String\([^\n]{0,400}(?:Invoke|IEX|Assembly\]::Load)",
            ),
            ("reflection.assembly load(", r"\[(?:System\.)?Reflection\.Assembly\]::Load\("),
        ),
        "runs what it fetches": (
            (
                "^iex|invoke-expression download|webrequest|iwr|curl",
                r"\b(?:IEX|Invoke-Expression)\b[^\n]{0,200}(?:Download|WebRequest|iwr|curl)",
            ),
            (
                "^download|webrequest|iwr iex|invoke-expression",
                r"(?:Download|WebRequest|iwr)[^\n]{0,200}\|\s{0,4}(?:IEX|Invoke-Expression)\b",
            ),
            (
                "^downloadfile(|downloaddata( start-process",
                r"Download(?:File|Data)\([^\n]{0,300}\bStart-Process\b",
            ),
            ("^eval fetch(", r"\beval\s{0,4}\(\s{0,4}(?:await\s{1,4})?[^\n]{0,80}\bfetch\("),
            ("<( curl|wget", r"(?:bash|sh|source|\.)\s{1,4}<\(\s{0,4}" + _FETCH),
            ("^eval $( curl|wget", r"\beval\s{1,4}\"?\$\(\s{0,4}" + _FETCH),
            ('^sh|bash -c "$(', r"(?:sh|bash)\s{1,4}-c\s{1,4}\"\$\(" + _FETCH),
        ),
        "runs what it fetches in the page": (
            (
                "^createelement( script .src //",
                r"createElement\(\s{0,4}[\"']script[\"']\s{0,4}\)[^\n]{0,200}\.src\s{0,4}=\s{0,4}[\"'](?:https?:)?//",
            ),
        ),
        "sends what the browser knows": (
            (
                "^fetch|xmlhttprequest|sendbeacon document.cookie",
                r"(?:fetch|XMLHttpRequest|sendBeacon)[^\n]{0,300}document\.cookie",
            ),
            (
                "^document.cookie fetch|xmlhttprequest|sendbeacon|image",
                r"document\.cookie[^\n]{0,300}(?:fetch|XMLHttpRequest|sendBeacon|new\s{1,4}Image)",
            ),
            ("^fetch(|sendbeacon( localstorage", r"(?:fetch|sendBeacon)\([^\n]{0,300}\blocalStorage\b"),
        ),
        "runs a command": (
            (
                "^createobject( wscript.shell|shell.application",
                r"\bCreateObject\(\s{0,4}\"(?:WScript\.Shell|Shell\.Application)\"\s{0,4}\)",
            ),
            ("^powershell hidden", r"powershell[^\n]{0,80}\s-w(?:indowstyle)?\s{1,4}hidden"),
        ),
        "sends secrets": (
            (
                "^curl|wget|nc .ssh/id_|.aws/credentials|/etc/shadow|.netrc",
                r"(?:curl|wget|nc)\b[^\n]{0,300}(?:\.ssh/id_|\.aws/credentials|/etc/shadow|\.netrc)",
            ),
            (
                "^.ssh/id_|.aws/credentials curl|nc",
                r"(?:\.ssh/id_|\.aws/credentials)[^\n|]{0,200}\|[^\n]{0,100}\b(?:curl|nc)\b",
            ),
            ("env curl|nc", r"^\s{0,8}(?:env|printenv)\s{0,4}\|[^\n]{0,100}\b(?:curl|nc)\b"),
        ),
        "stays on the machine": (
            (
                "^>> authorized_keys|/etc/cron",
                r">>\s{0,4}~?[^\s;]{0,80}(?:authorized_keys|/etc/cron)",
            ),
        ),
    }.items()
    for needs, pattern in patterns
)
_COMFYUI: Final = re.compile(r"\bapp\.registerExtension\s{0,4}\(")


def attacks_in(text: str) -> Iterator[str]:
    """Why the text of a script is no honest one, with the place."""
    lowered = text.lower()
    for why, sought in _ATTACKS:
        if (found := sought.search(text, lowered)) is not None:
            yield f"{why}: {found.group()[:160]}"
    if (part := dangerous_command(text)) is not None:
        yield f"a command that honest scripts do not have: {part[:160]}"


def judge_script(text: str) -> Iterator[Spotted]:
    """What is spotted in a script."""
    yield from judge_text(text)
    for attack in attacks_in(text):
        yield Spotted(
            check="script-attack",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=None,
            evidence=(attack,),
            advice="do not run it, and do not load what comes with it",
        )
    front_end = _COMFYUI.search(text) is not None
    yield Spotted(
        check="comfyui-front-end" if front_end else "script",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(
            "runs in the browser of whoever opens ComfyUI" if front_end else "nobody has looked at it",
        ),
        advice="read it before anything runs it; a model's weights need no script",
    )
