"""Which of two versions is older.

Versions as PEP 440 has them are ordered as it says; local parts do not count, as in its comparisons with a
version that has none. Where one of the two is not of that kind, both are cut into numbers and words and
compared piece by piece: a word, such as `rc`, comes before the end, a number after it.
"""

import re
from functools import lru_cache

from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["is_older"]

_KNOWN = 4096
_Key = tuple[object, ...]

# PEP 440, appendix B, without its local part. Every piece begins with what the one before cannot hold.
_PEP_440 = pattern(
    r"v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?"
    r"(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?"
    r"(?:[-_.]?(dev)[-_.]?([0-9]*))?"
    r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?"
)
_PIECE = pattern(r"[0-9]+|[a-z]+")
_PRE = {"a": "a", "alpha": "a", "b": "b", "beta": "b", "c": "rc", "rc": "rc", "pre": "rc", "preview": "rc"}
_EARLIEST, _LATEST = -1, float("inf")


def is_older(version: str, than: str) -> bool | None:
    """Whether `version` comes before the other; None when one of them cannot be read."""
    one, other = _keys(version), _keys(than)
    if one is None or other is None:
        return None
    if one[0] is not None and other[0] is not None:
        return one[0] < other[0]
    return one[1] < other[1]


@lru_cache(maxsize=_KNOWN)
def _keys(version: str) -> tuple[_Key | None, _Key] | None:
    """The sort keys by PEP 440, if it is of that kind, and by pieces."""
    text = version.strip().lower()
    if len(text) > LIMITS.policy_version_chars or not text.isascii() or not any(map(str.isdigit, text)):
        return None
    found = _PEP_440.fullmatch(text)
    return (_pep_440_key(found) if found else None), _pieces(text)


def _pep_440_key(found: re.Match[str]) -> _Key:
    epoch, release, pre, pre_number, dash_post, post, post_number, dev, dev_number = found.groups()
    numbers = [int(each) for each in release.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    has_post = dash_post is not None or post is not None
    before: _Key = ("~",)  # after every word
    if pre is not None:
        before = (_PRE[pre], int(pre_number or 0))
    elif dev is not None and not has_post:
        before = ("",)
    after = int(dash_post or post_number or 0) if has_post else _EARLIEST
    developed = int(dev_number or 0) if dev is not None else _LATEST
    return int(epoch or 0), tuple(numbers), before, after, developed


def _pieces(text: str) -> _Key:
    cut = _PIECE.findall(text.removeprefix("v").partition("+")[0])
    pieces: list[_Key] = [(2, int(each)) if each[0].isdigit() else (0, each) for each in cut]
    while pieces and pieces[-1] == (2, 0):
        pieces.pop()
    return (*pieces, (1,))
