"""The word for where a thing stands."""

import pytest

from ringfence.core.decisions import Decision, Effect, Mode, Place, Reason, Section
from ringfence.core.standings import Standing, standing_of

_AT = Place(file="ringfence.yaml", line=3)


def _reason(section: Section, effect: Effect, mode: Mode = Mode.OBSERVE, rule: str | None = None) -> Reason:
    return Reason(section=section, effect=effect, mode=mode, rule=rule, at=_AT)


def _decided(*reasons: Reason) -> Decision:
    first = reasons[0]
    return Decision(effect=first.effect, mode=first.mode, reasons=reasons, policy_digest="0" * 64)


_ALLOWED_SOURCE = _reason(Section.SOURCES, Effect.ALLOW, Mode.ENFORCE, "hub")
_QUIET = _reason(Section.LICENSES, Effect.ALLOW)


@pytest.mark.parametrize(
    ("reasons", "word", "rule"),
    [
        ((_ALLOWED_SOURCE, _reason(Section.MODELS, Effect.ALLOW, rule="ok"), _QUIET), "approved", "ok"),
        ((_ALLOWED_SOURCE, _reason(Section.MODELS, Effect.ALLOW), _QUIET), "unreviewed", None),
        ((_QUIET,), "unreviewed", None),
        ((_reason(Section.SOURCES, Effect.ASK, rule="ask"), _QUIET), "review", "ask"),
        ((_reason(Section.LICENSES, Effect.DENY, rule="no"),), "forbidden", "no"),
        ((_reason(Section.MODELS, Effect.DENY, Mode.ENFORCE),), "forbidden", None),
        ((_reason(Section.MODELS, Effect.DENY, Mode.WARN),), "unreviewed", None),
    ],
)
def test_the_word_says_what_the_deciding_rule_does(
    reasons: tuple[Reason, ...], word: str, rule: str | None
) -> None:
    standing = standing_of(_decided(*reasons), own=Section.MODELS)
    assert (standing.word, standing.rule) == (word, rule)


def test_a_standing_has_all_that_decided() -> None:
    reason = Reason(
        section=Section.MODELS,
        effect=Effect.DENY,
        mode=Mode.WARN,
        rule="no-pickles",
        at=_AT,
        unknown=("verdict",),
        why="They run code.",
        exception="e1",
    )
    decision = Decision(
        effect=Effect.DENY, mode=Mode.WARN, reasons=(reason,), controls=("soc2:CC7.2",), policy_digest=""
    )
    assert standing_of(decision, own=Section.MODELS) == Standing(
        word="forbidden",
        effect=Effect.DENY,
        mode=Mode.WARN,
        section=Section.MODELS,
        rule="no-pickles",
        at=_AT,
        why="They run code.",
        unknown=("verdict",),
        exception="e1",
        controls=("soc2:CC7.2",),
    )
