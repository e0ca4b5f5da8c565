"""Finds in metadata what has no business there: programs, secrets, addresses that payloads come from."""

import base64
import re
from collections.abc import Iterator

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts import hidden_characters
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["judge_name", "judge_value", "programs_in"]

_ADVICE = "do not load it; ask its publisher what this is for"

_COMMANDS = tuple(
    pattern(text, re.IGNORECASE)
    for text in (
        r"\b(?:curl|wget|fetch)\b[^\n|;]{1,300}\|\s*(?:sudo )?(?:ba|z|da|k)?sh\b",
        r"\b(?:curl|wget)\b[^\n|;]{1,300}\|\s*(?:python|perl|ruby|node)[0-9.]*\b",
        r"\bpowershell(?:\.exe)?\b[^\n]{0,80}\s-(?:e|en|enc|encodedcommand|nop|w hidden)\b",
        r"/dev/tcp/[0-9a-z.]{1,100}/[0-9]",
        r"\bn(?:c|cat) (?:-[a-z]+ ){0,3}-e ",
        r"\brm -rf (?:/|~|\$HOME)(?:\s|$|\*)",
        r"\b(?:os\.system|os\.popen|subprocess\.(?:run|call|Popen|check_output)|exec|eval)\s?\(\s?['\"\[bf_]",
        r"__import__\s?\(",
        r"\bInvoke-(?:Expression|WebRequest)\b|\bIEX\s?\(",
        r"\b(?:certutil|bitsadmin|mshta|regsvr32|rundll32)(?:\.exe)?\s[^\n]{0,80}https?:",
        r"\bbash -i >&",
        r"<script[\s>]|\bjavascript:[a-z(]",
        r"\bbase64 (?:-d|--decode)\b[^\n]{0,40}\|\s*(?:ba)?sh\b",
    )
)
_SECRETS = tuple(
    pattern(text)
    for text in (
        r"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
        r"\bgithub_pat_[A-Za-z0-9_]{60,90}\b",
        r"\bhf_[A-Za-z0-9]{34}\b",
        r"\bsk-(?:proj-|ant-[a-z0-9]{2,8}-)?[A-Za-z0-9_-]{40,200}\b",
        r"\bxox[baprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}",
        r"\bAIza[0-9A-Za-z_-]{35}\b",
    )
)
_PRIVATE = r"(?:10|127|0|192\.168|169\.254|172\.(?:1[6-9]|2[0-9]|3[01]))\."
_HOSTS = tuple(
    pattern(text, re.IGNORECASE)
    for text in (
        rf"\b(?:https?|ftp)://(?!{_PRIVATE})[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}(?::[0-9]{{1,5}})?(?:[/\s\"']|$)",
        r"\b[a-z2-7]{16,56}\.onion\b",
        r"\b(?:pastebin\.com/raw|paste\.ee|hastebin\.com|transfer\.sh|ix\.io|0x0\.st|termbin\.com|file\.io)/",
        r"\bdiscord(?:app)?\.com/api/webhooks/",
        r"\bapi\.telegram\.org/bot",
        r"\b(?:webhook\.site|requestbin\.com|pipedream\.net|burpcollaborator\.net|interact\.sh)\b",
        r"\b[a-z0-9]{6,40}\.(?:oast\.(?:fun|live|pro|site|me|online)|ngrok(?:-free)?\.(?:io|app))\b",
        r"\bfile://(?!localhost/)[a-z0-9][a-z0-9.-]*/",
    )
)
_ENCODED = pattern(r"(?:[A-Za-z0-9+/_-]{4}){10,}")
_HEX = pattern(r"(?:0x)?((?:[0-9a-fA-F]{2}){32,})")
_PROGRAMS = (
    (b"MZ", "a Windows program"), (b"\x7fELF", "a Linux program"), (b"#!/", "a script"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"), (b"\xca\xfe\xba\xbe", "a macOS or Java program"),
    (b"\x80\x02", "a pickle"), (b"\x80\x03", "a pickle"), (b"\x80\x04\x95", "a pickle"),
    (b"\x80\x05\x95", "a pickle"), (b"PK\x03\x04", "a zip archive"), (b"\0asm", "a WebAssembly program"),
    (b"import os", "Python code"), (b"import subprocess", "Python code"), (b"powershell", "a script"),
    (b"csystem\n", "a pickle"), (b"cos\nsystem", "a pickle"), (b"cposix\n", "a pickle"),
)  # fmt: skip
_MIXED = pattern(r"[A-Za-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][A-Za-z]")
_CONTROL = pattern(r"[\x01-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")
_DECODED_CHARS = 64
_ENCODED_RUNS = 1_000  # of one value


def judge_value(key: str, value: str, *, budget: Budget) -> Iterator[Spotted]:
    """What is wrong with one string of a file's metadata, and with its key.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    budget.check_time(at=None)
    yield from judge_name(key)
    yield from hidden_characters.judge_text(value)
    if "\x1b" in value or _CONTROL.search(value):
        severity = Severity.HIGH if "\x1b" in value else Severity.LOW
        yield _spotted("metadata-control-characters", severity, key, "control characters")
    yield from programs_in(key, value, budget=budget)
    for each in _SECRETS:
        budget.check_time(at=None)
        if found := each.search(value):
            yield _spotted("metadata-secret", Severity.HIGH, key, f"{found[0][:8]}…")
    for each in _HOSTS:
        budget.check_time(at=None)
        if found := each.search(value):
            yield _spotted("metadata-address", Severity.HIGH, key, value[found.start() : found.end() + 40])


def programs_in(key: str, text: str, *, budget: Budget) -> Iterator[Spotted]:
    """Commands and programs in the text, plain or in base64 or hexadecimal digits.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    for each in _COMMANDS:
        budget.check_time(at=None)
        if found := each.search(text):
            shown = text[max(0, found.start() - 10) : found.end() + 60]
            yield _spotted("metadata-program", Severity.HIGH, key, shown)
    if text.startswith(("MZ\x90", "\x7fELF", "#!/")):
        yield _spotted("metadata-program", Severity.HIGH, key, text[:40])
    for what in _encoded(text):
        yield _spotted("metadata-program", Severity.HIGH, key, f"{what}, encoded")


def _encoded(text: str) -> Iterator[str]:
    """What the encoded runs of the text hold, by their first bytes."""
    told: set[str] = set()
    for number, found in enumerate(_ENCODED.finditer(text)):
        if number == _ENCODED_RUNS:
            return
        head = text[found.start() : min(found.end(), found.start() + _DECODED_CHARS)]
        data = base64.b64decode(head.replace("-", "+").replace("_", "/"))
        if digits := _HEX.match(text, found.start(), found.end()):
            data = bytes.fromhex(digits[1][:_DECODED_CHARS])
        what = next((what for magic, what in _PROGRAMS if data.startswith(magic)), None)
        if what and what not in told and not (len(found[0]) < 80 and what == "a Windows program"):
            told.add(what)
            yield what


def judge_name(key: str) -> Iterator[Spotted]:
    """What is wrong with the name of a key or a tensor."""
    if ".." in re.split(r"[/\\]", key):
        yield _spotted("name-leads-out", Severity.HIGH, key, "a name that leads out of the folder")
    if "\x1b" in key or _CONTROL.search(key):
        yield _spotted("metadata-control-characters", Severity.HIGH, key, "control characters in a key")
    if not key.isascii():
        yield from hidden_characters.judge_text(key)
        if _MIXED.search(key):
            yield _spotted("mixed-alphabets", Severity.LOW, key, "letters of two alphabets in one word")


def _spotted(check: str, severity: Severity, key: str, what: str) -> Spotted:
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.POSSIBLE,
        at=None,
        evidence=(key[: LIMITS.evidence_chars], what[: LIMITS.evidence_chars]),
        advice=_ADVICE,
    )
