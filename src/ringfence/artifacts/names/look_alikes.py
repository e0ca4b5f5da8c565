"""Says which approved name a name pretends to be: one typed wrongly, in other letters, or of another owner.

Two names are compared in a folded form, in which what looks alike is alike: Unicode's compatibility forms,
Cyrillic and Greek letters that look Latin, `0` and `o`, `1`, `l` and `i`, `rn` and `m`, and separators. What
is still within one wrong stroke of an approved name, or of two for long ones, looks like it.

Nothing on this machine records who owned a name on a hub, so that a change of owners is seen only by
revisions that the approved list does not have.

Source: Unicode TR 39 (confusables), of which only letters of names of models are taken.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from ringfence.artifacts.feeds import Approved
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_name", "look_alike"]

_LOOKS: Final = str.maketrans(
    "асеорхуіјѕԁɡһкмтпгвԛԝӏαορνικτυεηωχγβ" + "01i|$5",
    "aceopxyijsdghkmtnrbqwlaopviktuenwxyb" + "olllss",
)
_SEPARATOR: Final = re.compile(r"[-_.\s]+")
_SUFFIX: Final = re.compile(r"(?:official|hq|ai|org|inc|labs?|team|models?|hub|hf|real|llm)$")
_DIGIT: Final = re.compile(r"\d+")
_LONG: Final = 12  # characters from which two wrong strokes still mean the same name
_SHORT: Final = 5  # below, one stroke makes another word


def judge_name(name: str, revision: str | None, approved: Iterable[Approved]) -> Iterator[Spotted]:
    """What a model's name, as its store says it, comes to beside the approved ones."""
    known = tuple(approved)
    if same := [each for each in known if each.name.casefold() == name.casefold()]:
        revisions = frozenset[str]().union(*(each.revisions for each in same))
        if revision and all(each.revisions for each in same) and revision not in revisions:
            yield Spotted(
                check="revision-not-approved",
                severity=Severity.LOW,
                confidence=Confidence.CERTAIN,
                at=None,
                evidence=(f"{name} at {revision}",),
                advice="compare it with an approved revision: `ringfence diff`; its owner may have changed",
            )
    elif found := _pretended(name, known):
        pretended, severity = found
        yield Spotted(
            check="name-looks-like-approved",
            severity=severity,
            confidence=Confidence.POSSIBLE,
            at=None,
            evidence=(name, f"looks like the approved {pretended.name}"),
            advice="find out who published it, and take the approved one unless there is a reason",
        )


def look_alike(name: str, approved: Iterable[str]) -> str | None:
    """The approved name that `name` looks like; None when it is one of them, or looks like none."""
    found = _pretended(name, tuple(Approved(name=each) for each in approved))
    return found[0].name if found else None


def _pretended(name: str, known: tuple[Approved, ...]) -> tuple[Approved, Severity] | None:
    if len(name) > LIMITS.name_chars or name.casefold() in (each.name.casefold() for each in known):
        return None
    org, model = _parts(name)
    found = [(each, how) for each in known if (how := _how(org, model, *_parts(each.name)))]
    return max(found, key=lambda each: each[1].rank, default=None)


def _parts(name: str) -> tuple[str, str]:
    """Owner, empty when there is none, and model without a tag, both in lower case."""
    bare = name.casefold().partition(":")[0]
    org, _, model = bare.rpartition("/")
    return org.rpartition("/")[2], model


def _how(org: str, model: str, known_org: str, known_model: str) -> Severity | None:
    """How bad it is that they look alike, if they do.

    Nobody but its owner publishes under an owner's name, and owners call their own models alike. Many
    publish honest copies under the same name.
    """
    same_model = _fold(model) == _fold(known_model)
    if org == known_org and org:
        return Severity.HIGH if same_model and model != known_model else None
    if org and known_org and not (_alike(org, known_org) or _bare(org) == _bare(known_org)):
        return Severity.LOW if same_model else None
    if org and known_org:
        return Severity.HIGH if same_model or _alike(model, known_model) else None
    if bool(org) != bool(known_org):
        return Severity.HIGH if same_model and model != known_model else None
    return Severity.HIGH if _alike(model, known_model) else None


def _bare(org: str) -> str:
    """The owner without what people add to pass for it."""
    folded = _SEPARATOR.sub("", org)
    shorter = _SUFFIX.sub("", folded)
    return _fold(shorter or folded)


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return _SEPARATOR.sub("", plain).translate(_LOOKS).replace("rn", "m").replace("vv", "w")


def _alike(one: str, other: str) -> bool:
    if one == other:
        return False
    a, b = _fold(one), _fold(other)
    if a == b:
        return True
    if _numbers(one) != _numbers(other) or min(len(a), len(b)) < _SHORT:
        return False
    return _distance_at_most(a, b, 2 if min(len(a), len(b)) >= _LONG else 1)


def _numbers(text: str) -> list[str]:
    """Versions and sizes, by which honest names differ; a digit for a letter within a word is none."""
    words = (word for word in _SEPARATOR.split(text))
    return [number for word in words for number in _DIGIT.findall(word) if not _is_disguised(word)]


def _is_disguised(word: str) -> bool:
    return bool(re.search(r"[^\W\d][01][^\W\d]{2}", word))


def _distance_at_most(a: str, b: str, most: int) -> bool:
    """Whether so many insertions, deletions, changes and swaps of neighbours make one of the other.

    Source: Damerau and Levenshtein, optimal string alignment.
    """
    if abs(len(a) - len(b)) > most:
        return False
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, c in enumerate(a, start=1):
        now = [i]
        for j, d in enumerate(b, start=1):
            best = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (c != d))
            if i > 1 and j > 1 and c == b[j - 2] and a[i - 2] == d:
                best = min(best, before[j - 2] + 1)
            now.append(best)
        if min(now) > most:
            return False
        before, row = row, now
    return row[-1] <= most
