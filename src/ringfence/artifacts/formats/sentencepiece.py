"""SentencePiece's tokenizer.model: pieces, and how text is normalised before and after.

Source: google/sentencepiece, src/sentencepiece_model.proto and src/normalizer.cc.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_BEGINS = re.compile(rb"\n[\x04-\x7f]\n[\x01-\x40]", re.DOTALL)
_PIECES, _TRAINER, _NORMALIZER, _DENORMALIZER = 1, 2, 3, 5
_FIELDS = {
    _PIECES: Wire.LENGTH,
    _TRAINER: Wire.LENGTH,
    _NORMALIZER: Wire.LENGTH,
    4: Wire.LENGTH,
    5: Wire.LENGTH,
}
_RULES, _RULES_AS_TABLE = 2, 6
# Unicode's own normalisation spells out nothing longer.
_SPELLED = re.compile(rb"[A-Za-z]{6,}|[a-z0-9]\.[a-z]{2,}/|https?:")


def _sniff(reader: Reader) -> bool:
    return _BEGINS.match(reader.head) is not None and b"\x15" in reader.head[:140] and _holds_pieces(reader)


def _holds_pieces(reader: Reader) -> bool:
    """Whether the first fields are pieces: a text, a score of four bytes, perhaps a kind."""
    walker = Walker(reader, max_fields=64)
    for number, field in enumerate(walker.fields(0, reader.size_bytes)):
        if field.number != _PIECES or field.wire is not Wire.LENGTH or field.value > 1000:
            return number >= 2
        inner = [(each.number, each.wire) for each in walker.inside(field)]
        if inner[:2] != [(1, Wire.LENGTH), (2, Wire.I32)] or number >= 4:
            return number >= 4
    return False


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    walker = Walker(reader, max_fields=LIMITS.sentence_pieces)
    pieces = specs = 0
    for number, field in enumerate(walker.fields(0, reader.size_bytes)):
        if not number % 1000:
            reader.budget.check_time(at=field.at)
        if _FIELDS.get(field.number) is not field.wire:
            detail = f"field {field.number} does not exist"
            raise Malformed(ProblemKind.BAD_HEADER, at=field.at, detail=detail)
        pieces += field.number == _PIECES
        if field.number in (_NORMALIZER, _DENORMALIZER):
            specs += field.number == _NORMALIZER
            yield from _rules(walker, field)
    if not specs:  # written last, so that a file that was cut lacks it
        yield Problem(kind=ProblemKind.TRUNCATED, at=reader.size_bytes, detail="it has no normaliser")


def _rules(walker: Walker, spec: Field) -> Iterator[Spotted]:
    """Words in the table of what is replaced, where Unicode's own has none."""
    from ringfence.artifacts.texts.suspicious_text import judge_value

    where = "normalizer" if spec.number == _NORMALIZER else "denormalizer"
    for field in list(walker.inside(spec)):
        if field.wire is not Wire.LENGTH:
            continue
        data = walker.reader.at(field.at, field.value)
        if field.number in (_RULES, _RULES_AS_TABLE):
            texts = data[4 + int.from_bytes(data[:4], "little") :] if field.number == _RULES else data
            if found := _SPELLED.search(texts):
                yield _maps(field.at, f"{where}: puts in {found[0].decode('latin-1')}")
        else:
            yield from judge_value(where, data.decode("utf-8", "replace"), budget=walker.reader.budget)


def _maps(at: int, what: str) -> Spotted:
    return Spotted(
        check="tokenizer-maps-words",
        severity=Severity.HIGH,
        confidence=Confidence.POSSIBLE,
        at=at,
        evidence=(what,),
        advice="take the tokenizer of the model's publisher",
    )


FORMAT = Format(
    name="sentencepiece",
    title="SentencePiece",
    suffixes=(".model", ".spm"),
    sniff=_sniff,
    starts=(b"\n",),
    read=_read,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)
