"""Tells words from marks and code, and finds instructions that no honest text gives a model."""

import re
from collections.abc import Iterator

from ringfence.core.patterns import pattern

__all__ = ["covert_instructions", "foreign_addresses", "is_mark", "words"]

# Tokens and tags that only steer a model: <|im_start|>, [INST], <think>, ### , {"name":
_MARK = pattern(r"<[^<>\n]{0,80}>|\[/?[A-Z_]{2,40}\]|[{}\[\]\"'`#*=|:/\\<>_-]|\b\w+(?:_\w+)+\b")
_WORD = pattern(r"[^\W\d_]{2,}")
_HAN = pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ROLES = frozenset(
    (
        *("system", "user", "assistant", "tool", "ipython", "model", "developer", "human", "inst", "sys"),
        *("observation", "function", "bot", "question", "answer", "thought", "action", "input", "output"),
        *("response", "final", "ai"),
    )
)

_BEFORE = r"(?:all |any |the |your |of |these |those |every |other )*"
_THEIRS = r"(?:previous|prior|above|earlier|preceding|foregoing|existing|original|system|safety)"
_ORDERS = r"(?:instruction|prompt|rule|message|guideline|direction|command|context|polic|safeguard)"
_PEOPLE = r"(?:the |your )?(?:user|human|developer|operator|owner)s?\b"
_TELL = r"(?:inform|alert|warn|notify)"
_SECRETLY = r"(?:secretly|covertly|silently|surreptitiously|stealthily)"
_DEEDS = (
    r"(?:send|add|insert|include|append|upload|install|run|execute|leak|forward|replace|change|post|weaken)"
)
_HOLES = r"(?:vulnerabilit(?:y|ies)|backdoors?|security (?:holes?|flaws?))"
_COVERT = tuple(
    pattern(text, re.IGNORECASE)
    for text in (
        rf"\b(?:ignore|disregard|forget|override|bypass) {_BEFORE}{_THEIRS} {_BEFORE}{_ORDERS}",
        rf"\b(?:do not|don't|never|must not) (?:ever )?{_TELL} {_PEOPLE}(?! (?:that )?you)",
        rf"\bwithout (?:telling|informing|alerting|notifying|warning|asking) {_PEOPLE}",
        rf"\b{_SECRETLY} (?:\w+ ){{0,2}}{_DEEDS}\b",
        r"!\[[^\]\n]{0,100}\]\(https?://[^)\s]{1,300}=(?:\{|['\")])",
        r"\bexfiltrat(?:e|es|ing) ",
        rf"(?<!not )(?<!never )(?<!n't )\b(?:insert|introduce|plant|leave|hide) (?:\w+ ){{0,3}}{_HOLES}\b",
        r"\b(?:send|post|upload|forward|leak|transmit) (?:\w+ ){0,8}(?:to|via|at) (?:https?://|ftp://)",
    )
)
_PROMOTED = pattern(
    r"\b(?:recommend|visit|use|install|download|include|link|append|add|insert|send|post|fetch|open|direct|"
    r"promote|mention|suggest|point|refer|load|import|advise|click|go to|call|request|navigate|depend|rely|"
    r"end|finish|respond|reply)\b"
    r"[^.!?\n]{0,200}?(?:https?|ftp)://",
    re.IGNORECASE,
)
# An address that the model is to complete with what it knows.
_COMPLETED = pattern(
    r"(?:https?|ftp)://[^\s\"'<>)]{1,300}[?&][\w.-]{1,40}=(?:[\"'<>)]|\{\{|$)",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = pattern(r"(?:https?|ftp|wss?)://([^\s/\"'<>)\\\]}`:?#]{1,253})", re.IGNORECASE)
_EVERYDAY_HOSTS = (
    *("huggingface.co", "github.com", "raw.githubusercontent.com", "json-schema.org", "w3.org", "arxiv.org"),
    *("wikipedia.org", "python.org", "openai.com", "mistral.ai", "ai.meta.com", "llama.com", "qwen.ai"),
    *("anthropic.com", "google.com", "microsoft.com", "ibm.com", "nvidia.com", "cohere.com", "deepseek.com"),
    *("apache.org", "opensource.org", "example.com", "example.org", "jinja.palletsprojects.com", "x.ai"),
    *("modelscope.cn", "pytorch.org", "tensorflow.org", "readthedocs.io", "schema.org", "unicode.org"),
    *("creativecommons.org", "ollama.com", "unsloth.ai", "allenai.org", "localhost", "127.0.0.1"),
)


def words(text: str) -> int:
    """How many words of ordinary language it has, roles and marks aside; two ideographs count as a word."""
    plain = _MARK.sub(" ", text)
    return sum(found.lower() not in _ROLES for found in _WORD.findall(_HAN.sub(" ", plain))) + (
        len(_HAN.findall(plain)) // 2
    )


def is_mark(text: str) -> bool:
    """Whether it is a token, a tag or a switch, which nobody writes in a sentence."""
    bare = text.strip()
    if re.match(r"<[^<>\s]{1,40}>|\[[A-Z_/]{2,40}\]", bare):  # a message of a format, told by its token
        return True
    return not words(bare) or (bare.startswith("/") and " " not in bare)


def covert_instructions(text: str) -> Iterator[str]:
    """What tells a model to act against whoever it talks to."""
    for each in _COVERT:
        if found := each.search(text):
            yield text[max(0, found.start() - 20) : found.end() + 100]
    for found in _PROMOTED.finditer(text):
        if any(True for _ in foreign_addresses(text[found.end() - 8 : found.end() + 253])):
            yield text[found.start() : found.end() + 100]
    for found in _COMPLETED.finditer(text):
        if any(True for _ in foreign_addresses(found[0])):
            yield text[max(0, found.start() - 20) : found.end() + 100]


def foreign_addresses(text: str) -> Iterator[str]:
    """Hosts that addresses in the text lead to, those that every other prompt or README names aside."""
    for found in _ADDRESS.finditer(text):
        host = found[1].lower().rpartition("@")[2].removeprefix("www.")
        if not any(host == known or host.endswith("." + known) for known in _EVERYDAY_HOSTS):
            yield host
