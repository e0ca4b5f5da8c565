"""A policy as chapters of sentences: every rule stands in exactly one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Mode, Section
from ringfence.policy.egress_sentences import of_egress
from ringfence.policy.notify_sentences import of_desktop, of_webhook
from ringfence.policy.policy import Policy
from ringfence.policy.price_sentences import of_prices
from ringfence.policy.rule import Like, Rule, Tier
from ringfence.policy.sandbox_sentences import of_sandbox
from ringfence.policy.sentences import Sentence, Value, duration, listed, moment, of_exemption, of_rule
from ringfence.policy.trust_sentences import of_trust
from ringfence.policy.values import Operators, Profile

__all__ = ["Chapter", "Document", "Group", "Line", "document_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence, and in small print whose it is."""

    sentence: Sentence
    effect: str  # allow, ask, deny, or "" where it is no rule
    id: str
    at: str
    controls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lines that belong together."""

    title: Sentence  # none: ()
    lines: tuple[Line, ...]
    about: Sentence = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter."""

    title: str
    intro: tuple[str, ...]  # paragraphs
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The whole."""

    title: str
    digest: str
    edition: str  # serials of the documents, or nothing
    written_at: datetime  # UTC
    files: tuple[tuple[str, str, str], ...]  # tier, name, digest
    chapters: tuple[Chapter, ...]


_STANCE = {
    Mode.ENFORCE: "This chapter is enforced: what none of its rules allows is not allowed.",
    Mode.WARN: "This chapter is told and recorded: what none of its rules allows is told, and not stopped.",
    Mode.OBSERVE: "This chapter is only observed: what happens is recorded, and nothing is stopped or told.",
}
_NO_RULE = {
    Mode.ENFORCE: "There is no rule here, and this is enforced: what no rule allows is not allowed.",
    Mode.WARN: "There is no rule here: what happens is told and recorded, and not stopped.",
    Mode.OBSERVE: "There is no rule here: what happens is recorded, and nothing is stopped or told.",
}
_KEPT = "There is no rule here: every record is kept."
_OF_BOXES = "What leaves a box is enforced all the same: there, what no rule allows is not allowed."
_OF_OTHERS = "A rule that says how it is carried out is carried out like that."


def document_of(policy: Policy, *, title: str, written_at: datetime) -> Document:
    """The policy as people read it."""
    serials = [f"{each.serial}" for each in policy.files if each.serial is not None]
    return Document(
        title=title,
        digest=policy.digest,
        edition=", ".join(serials),
        written_at=written_at,
        files=tuple(
            (each.tier.name.lower().replace("_", " "), each.name, each.digest) for each in policy.files
        ),
        chapters=tuple(_chapters(policy, written_at)),
    )


def _chapters(policy: Policy, now: datetime) -> Iterator[Chapter]:
    def rules(section: Section, fits: Callable[[Rule], bool] = lambda _rule: True) -> list[Rule]:
        return [each for each in policy.rules if each.section is section and fits(each)]

    def chapter(title: str, section: Section, *groups: Group) -> Chapter:
        stances = _STANCE if any(each.lines for each in groups) else _NO_RULE
        mode = policy.modes.get(section, (Mode.OBSERVE, None))[0]
        stance = stances[mode]
        if section is Section.RETENTION and not rules(section):
            stance = _KEPT
        intro = [stance]
        if section is Section.AGENTS and mode is not Mode.ENFORCE:
            intro.append(_OF_BOXES)
        if any(rule.mode is not None for rule in rules(section)):
            intro.append(_OF_OTHERS)
        return Chapter(title=title, intro=tuple(intro), groups=groups)

    def group(rules: list[Rule]) -> Group:
        return _group((), rules, policy)

    yield chapter("Using and downloading models", Section.MODELS, group(rules(Section.MODELS)))
    yield chapter("Programs and servers that run models", Section.RUNTIMES, group(rules(Section.RUNTIMES)))
    yield chapter("Where models come from", Section.SOURCES, group(rules(Section.SOURCES)))
    licenses = _by(rules(Section.LICENSES), "purpose", policy)
    yield chapter("Licenses, by what a model is for", Section.LICENSES, *licenses)
    yield chapter("Sensitive data", Section.DATA, group(rules(Section.DATA)))
    agents = rules(Section.AGENTS, lambda rule: not _is_of_credentials(rule))
    yield chapter("Agents", Section.AGENTS, *_by(agents, "agent", policy, policy.profiles))
    yield chapter("Credentials", Section.AGENTS, group(rules(Section.AGENTS, _is_of_credentials)))
    yield chapter("What tools are told", Section.AGENTS, *_trust(policy))
    yield chapter("Records and how long they are kept", Section.RETENTION, *_retention(policy, now))
    yield _never_collected(policy)
    operators = (group(rules(Section.OPERATORS)), *_operators(policy))
    yield chapter("Who approves", Section.OPERATORS, *operators)
    if policy.document.prices:
        yield _prices(policy)
    yield _exceptions(policy, now)


def _prices(policy: Policy) -> Chapter:
    lines = tuple(
        Line(sentence=sentence, effect="", id="price", at=str(each.at))
        for each in policy.document.prices
        for sentence in of_prices(each)
    )
    intro = "Where money is limited these prices count, and where none fits the list prices that come along."
    return Chapter(title="What models cost", intro=(intro,), groups=(Group(title=(), lines=lines),))


def _is_of_credentials(rule: Rule) -> bool:
    return rule.action_types == {"credential.use"}


def _group(title: Sentence, rules: list[Rule], policy: Policy) -> Group:
    return Group(title=title, lines=tuple(_line(each, policy) for each in rules))


def _line(rule: Rule, policy: Policy) -> Line:
    where: Sentence = ("In this working tree: ",) if rule.tier is Tier.WORKING_TREE else ()
    if rule.effect is not Effect.DENY and not policy.opens(rule):
        where = ("Only where the system's document allows it, too: ",)
    return Line(
        sentence=(*where, *of_rule(rule)),
        effect=rule.effect.value,
        id=rule.id,
        at=str(rule.at),
        controls=rule.controls,
    )


def _by(rules: list[Rule], field: str, policy: Policy, profiles: tuple[Profile, ...] = ()) -> Iterator[Group]:
    """Groups by the value that the first condition on a field asks for; what is for all stands last."""
    groups: dict[tuple[str, ...], list[Rule]] = {each: [] for each in ((one.agent,) for one in profiles)}
    for rule in rules:
        tests = (each.test for each in rule.conditions if each.field == field)
        first = next((each.patterns for each in tests if isinstance(each, Like)), ())
        groups.setdefault(first, []).append(rule)
    known = {(each.agent,): each for each in profiles}
    for patterns, its in sorted(groups.items(), key=lambda each: not each[0]):
        title = listed([(Value(each),) for each in patterns], "or")
        if not patterns and len(groups) > 1:
            title = ("All",)
        group = _group(title, its, policy)
        yield replace(group, about=_profile(known[patterns])) if patterns in known else group


def _profile(profile: Profile) -> Sentence:
    owner: Sentence = ("Nobody is named who answers for it.",)
    if profile.owner:
        owner = (Value(profile.owner, is_prose=True), " answers for it.")
    until = profile.approved_until
    approved = f" It is approved until {moment(until)}." if until else " It has no date of approval."
    return (*owner, approved, *of_sandbox(profile.sandbox), *of_egress(profile.egress))


def _trust(policy: Policy) -> Iterator[Group]:
    for ruling in (policy.document.joined, policy.document.tree):
        if ruling is not None and ruling.trust is not None:
            only = Section.AGENTS in ruling.ceiling and ruling.trust != ruling.ceiling_trust
            yield Group(
                title=(),
                about=("What the user's document says here restricts, and allows nothing.",) if only else (),
                lines=tuple(
                    Line(sentence=sentence, effect="", id=name, at=str(at))
                    for sentence, name, at in of_trust(ruling.trust)
                ),
            )


def _retention(policy: Policy, now: datetime) -> Iterator[Group]:
    yield _group((), [each for each in policy.rules if each.section is Section.RETENTION], policy)
    holds = [each for each in policy.retention.holds if each.until is None or now < each.until]
    lines = (
        Line(
            sentence=(
                "Records of the type ",
                Value(each.types),
                " in ",
                Value(each.streams),
                " are not forgotten",
                f" until {moment(each.until)}" if each.until else "",
                ". Why: ",
                Value(each.why, is_prose=True),
            ),
            effect="",
            id="legal hold",
            at=str(each.at),
        )
        for each in holds
    )
    yield Group(title=("Legal holds",), lines=tuple(lines))


def _never_collected(policy: Policy) -> Chapter:
    lines = tuple(
        Line(sentence=(Value(each, is_prose=True),), effect="", id="", at="")
        for each in policy.never_collected
    )
    return Chapter(
        title="What is never collected",
        intro=("Whatever happens, none of this is recorded.",) if lines else ("Nothing is named here.",),
        groups=(Group(title=(), lines=lines),),
    )


def _operators(policy: Policy) -> Iterator[Group]:
    operators = policy.operators
    if operators.four_eyes:
        kinds = listed([(Value(each),) for each in operators.four_eyes], "and")
        line = Line(
            sentence=("Nobody approves what they asked for themselves, of ", *kinds, "."),
            effect="",
            id="four eyes",
            at="",
        )
        yield Group(title=("Four eyes",), lines=(line,))
    lines = tuple(
        Line(
            sentence=(
                *listed([(Value(who),) for who in each.who], "or"),
                f" may let everything pass for {duration(each.lasts_s)}. Every such use is recorded.",
            ),
            effect="",
            id="break glass",
            at=str(each.at),
        )
        for each in operators.break_glass
    )
    if lines:
        yield Group(title=("In an emergency",), lines=lines)
    if told := tuple(_told(operators)):
        yield Group(title=("Who is told of questions",), lines=told)


def _told(operators: Operators) -> Iterator[Line]:
    if operators.desktop is not None:
        yield Line(
            sentence=of_desktop(operators.desktop), effect="", id="desktop", at=str(operators.desktop.at)
        )
    for each in operators.webhooks:
        yield Line(sentence=(*of_webhook(each), "."), effect="", id="webhook", at=str(each.at))


def _exceptions(policy: Policy, now: datetime) -> Chapter:
    in_force = [each for each in policy.exemptions if now < each.until]
    lines = tuple(
        Line(sentence=of_exemption(each), effect="", id=each.id, at=str(each.at)) for each in in_force
    )
    ended = len(policy.exemptions) - len(in_force)
    intro = "An exception is asked for by one person, agreed to by another, and ends."
    more = (f"{ended} that have ended are not told here.",) if ended else ()
    none = () if lines else ("None is in force.",)
    return Chapter(
        title="Exceptions in force", intro=(intro, *none, *more), groups=(Group(title=(), lines=lines),)
    )
