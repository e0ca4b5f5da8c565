"""What the policy thinks of a thing that is there: one word for it, and the line that says so."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect, Mode, Place, Section

__all__ = ["Standing", "StandingWord", "standing_of"]


class StandingWord(StrEnum):
    """From the best to the worst."""

    APPROVED = "approved"  # a rule of its own section allows it, and no other section objects
    UNREVIEWED = "unreviewed"  # no rule says anything about it
    REVIEW = "review"  # a rule asks
    FORBIDDEN = "forbidden"  # a rule denies it, or nothing allows it where that is enforced

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(StandingWord).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one thing stands, and because of what."""

    word: StandingWord
    effect: Effect
    mode: Mode  # whether that would be carried out, told, or only recorded
    section: Section  # the one that decided
    rule: str | None  # None: no rule of the section matched, and its mode decided
    at: Place | None  # of the rule, or of the section's mode; None when no document names the section
    why: str | None = None  # the rule's own words, else what it says
    unknown: tuple[str, ...] = ()  # facts that nobody knows, which counted against it
    exception: str | None = None  # under which a stricter rule did not count
    controls: tuple[str, ...] = ()  # requirements that the rules serve, e.g. iso42001:A.6

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell: nobody has said anything about it, and nobody has to."""
        return self.word is StandingWord.UNREVIEWED and self.mode is Mode.OBSERVE


def standing_of(decision: Decision, *, own: Section) -> Standing:
    """What the decision on using a thing makes of it; `own` is the section that knows it best."""
    decides = decision.reasons[0]
    if decision.effect is Effect.ALLOW:
        decides = next((each for each in decision.reasons if each.section is own), decides)
    match decision.effect:
        case Effect.ALLOW:
            word = StandingWord.UNREVIEWED if decides.rule is None else StandingWord.APPROVED
        case Effect.ASK:
            word = StandingWord.REVIEW
        case Effect.DENY:
            told = decides.rule is None and decides.mode is not Mode.ENFORCE
            word = StandingWord.UNREVIEWED if told else StandingWord.FORBIDDEN
    return Standing(
        word=word,
        effect=decides.effect,
        mode=decides.mode,
        section=decides.section,
        rule=decides.rule,
        at=decides.at,
        why=decides.why,
        unknown=decides.unknown,
        exception=decides.exception,
        controls=decision.controls,
    )
