"""Whether the tokens that begin and end a text for a model are what their names say.

Which number each has, only the base model's publisher knows; but a mark that begins something where an end
is named, or an ordinary word, is a mistake or a trick: the model goes on, or stops, where it should not.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.instructions import is_mark
from ringfence.artifacts.texts.suspicious_text import judge_value
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["has_address", "is_plain_word", "judge_marks", "judge_roles", "odd", "twice"]

# Marks of a sentence and of one's turn, as the publishers of models write them.
_BEGINS: Final = pattern(
    r"<s>|<bos>|\[(?:CLS|BOS)\]|<\|(?:bos|start|im_start|begin_of_text|startoftext|start_header_id)\|>"
    r"|<start_of_turn>|<BOS_TOKEN>|<\|START_OF_TURN_TOKEN\|>|<[|\uff5c]begin[\u2581_]of[\u2581_]sentence[|\uff5c]>"
)
_ENDS: Final = pattern(
    r"</s>|<eos>|\[(?:SEP|EOS)\]|<\|(?:eos|end|im_end|end_of_text|eot_id|eom_id|return)\|>"
    r"|<end_of_turn>|<EOS_TOKEN>|<\|END_OF_TURN_TOKEN\|>|<[|\uff5c]end[\u2581_]of[\u2581_]sentence[|\uff5c]>"
)
_TOLD: Final = 3  # of one kind
_LAST: Final = ("eos", "eot", "eom")
_PLAIN: Final = frozenset(
    (
        *("pad", "unk", "bos", "eos", "cls", "sep", "mask", "eod", "eot", "null", "s", "human", "user"),
        *("assistant", "sop", "eop"),
    )
)
_URL: Final = pattern(
    r"(?:https?|ftp)://[\w.-]{1,253}\.[a-z]{2,}|\b[\w.+-]{1,64}@[\w-]{1,63}\.[a-z]{2,}\b", re.IGNORECASE
)


def has_address(text: str) -> bool:
    """Whether an address of the web or of mail stands in it."""
    return _URL.search(text) is not None


def is_plain_word(text: str) -> bool:
    """Whether it is a word of letters, as no mark of a model is."""
    bare = text.replace("\u0120", " ").replace("\u2581", " ").strip().lower()
    return bare.isalpha() and bare.isascii() and len(bare) > 2 and bare not in _PLAIN


def judge_roles(texts: Mapping[str, str]) -> Iterator[Spotted]:
    """What is odd about the texts of tokens, each under what it is for: bos, eos, eot …"""
    first = texts.get("bos", "")
    for role in _LAST:
        last = texts.get(role, "")
        if _BEGINS.fullmatch(last):
            exchanged = _ENDS.fullmatch(first) is not None
            severity = Severity.HIGH if exchanged else Severity.LOW
            also = f", and bos is {first}" if exchanged else ""
            yield odd("special-token-mixed-up", severity, f"{role} is {last}{also}")
    for role in ("bos", *_LAST):
        if (text := texts.get(role, "")) and is_plain_word(text) and not is_mark(text):
            yield odd("special-token-mixed-up", Severity.LOW, f"{role} is the word {text!r}")


def judge_marks(control: Sequence[str], added: Sequence[str], *, budget: Budget) -> Iterator[Spotted]:
    """What is odd about control tokens, which answers leave out, and about those that somebody added.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    for text in sorted(text for text, times in Counter(control).items() if times > 1 and text)[:_TOLD]:
        yield twice(text)
    for text in islice(filter(is_plain_word, control), _TOLD):
        yield odd("tokenizer-odd-token", Severity.LOW, f"the word {text!r} is a control token")
    everything = "\n".join((*control, *added))
    for found in islice(_URL.finditer(everything), _TOLD):
        yield odd("tokenizer-odd-token", Severity.HIGH, found[0])
    yield from judge_value("a special token", everything, budget=budget)


def twice(text: str) -> Spotted:
    """A special token's text that has two numbers."""
    return odd("token-stands-twice", Severity.HIGH, f"{text!r} has two numbers")


def odd(check: str, severity: Severity, what: str) -> Spotted:
    """That something about a tokenizer is not as its publisher made it."""
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.CERTAIN if severity is Severity.MEDIUM else Confidence.POSSIBLE,
        at=None,
        evidence=(what[: LIMITS.evidence_chars],),
        advice="take the tokenizer of the model's publisher",
    )
