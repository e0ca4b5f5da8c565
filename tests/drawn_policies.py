"""Rules, modes and actions drawn by chance from few words, so that much of it meets."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import strategies as st

from deciding import NOW, exemption, rule, ruling
from ringfence.core.actions import HostConnect, ModelUse
from ringfence.core.decisions import Effect, Mode, Obligation, ObligationKind, Section
from ringfence.core.verdicts import Verdict
from ringfence.policy.document import Document
from ringfence.policy.policy import Policy
from ringfence.policy.rule import AtLeast, AtMost, Is, Like, Rule, Tier, Unlike
from ringfence.policy.values import Operators, Retention
from ringfence.policy.words import words_of

_MODES, _EFFECTS = tuple(Mode), tuple(Effect)
_NAMES = st.lists(st.sampled_from(["a/*", "a/m", "b/**", "**", "*/m"]), min_size=1, max_size=2).map(tuple)
_TEXTS = st.lists(st.sampled_from(["mit", "gpl*", "*", "pickle", "gguf"]), min_size=1, max_size=2).map(tuple)
_HOSTS = st.lists(st.sampled_from(["a.x", "*.x", "**.x", "*"]), min_size=1, max_size=2).map(tuple)
_RANK = st.integers(min_value=0, max_value=len(words_of(Verdict)) - 1)


def _texts(patterns: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[object]:
    return st.one_of(patterns.map(Like), patterns.map(Unlike))


_MODEL_TESTS = st.fixed_dictionaries(
    {},
    optional={
        "name": _texts(_NAMES),
        "source": _texts(_NAMES),
        "license": _texts(_TEXTS),
        "formats": _texts(_TEXTS),
        "signed_by": _texts(_TEXTS),
        "verdict": st.one_of(_RANK.map(AtLeast), _RANK.map(AtMost)),
        "remote": st.booleans().map(Is),
        "size_bytes": st.integers(0, 3).map(AtLeast),
    },
)
_HOST_TESTS = st.fixed_dictionaries(
    {}, optional={"host": _texts(_HOSTS), "port": st.sampled_from(["1", "2"]), "program": _texts(_NAMES)}
)
_OBLIGATIONS = st.lists(
    st.sampled_from(
        [
            Obligation(kind=ObligationKind.REDACT),
            Obligation(kind=ObligationKind.LIMIT, unit="calls", amount=3, per="hour"),
            Obligation(kind=ObligationKind.LIMIT, unit="calls", amount=5, per="hour"),
        ]
    ),
    max_size=2,
).map(tuple)


@st.composite
def rules(draw: st.DrawFn, *, effects: tuple[Effect, ...] = _EFFECTS, tier: Tier = Tier.USER) -> Rule:
    """One rule about models or hosts."""
    of_models = draw(st.booleans())
    section = draw(st.sampled_from([Section.MODELS, Section.SOURCES])) if of_models else Section.AGENTS
    name = f"r{draw(st.integers(0, 10**9))}"
    return rule(
        name,
        draw(st.sampled_from(effects)),
        draw(_MODEL_TESTS if of_models else _HOST_TESTS),
        section=section,
        types=("model.use",) if of_models else ("host.connect",),
        tier=tier,
        mode=draw(st.one_of(st.none(), st.sampled_from(_MODES))),
        obligations=draw(_OBLIGATIONS),
        controls=(name,),
        until=draw(st.sampled_from([None, None, NOW, NOW + timedelta(days=1)])),
    )


actions = st.one_of(
    st.builds(
        ModelUse,
        name=st.sampled_from(["a/m", "a/n", "b/c/m"]),
        formats=st.lists(st.sampled_from(["gguf", "pickle"]), max_size=2).map(tuple),
        source=st.sampled_from([None, "a/m", "b/x"]),
        license=st.sampled_from([None, "MIT", "MIT AND GPL-3.0-only", "MIT OR GPL-2.0-only", "what ever"]),
        signed_by=st.sampled_from([None, (), ("mit",), ("mit", "gguf")]),
        verdict=st.one_of(st.none(), st.sampled_from(Verdict)),
        remote=st.sampled_from([None, True, False]),
        size_bytes=st.sampled_from([None, 0, 2]),
    ),
    st.builds(
        HostConnect,
        host=st.sampled_from(["x", "a.x", "b.a.x", "y"]),
        port=st.sampled_from([1, 2]),
        program=st.sampled_from([None, "a/m", "../m"]),
    ),
)
modes = st.dictionaries(
    st.sampled_from([Section.MODELS, Section.SOURCES, Section.AGENTS]), st.sampled_from(_MODES), max_size=3
)
many = st.lists(rules(), max_size=6, unique_by=lambda each: each.id)

LATER = NOW + timedelta(days=1)


def policy(rules: list[Rule], named: dict[Section, Mode], excepted: Sequence[bool] = ()) -> Policy:
    """One of user's rules; a rule whose place in `excepted` is true has an exception for one model."""
    exemptions = tuple(
        exemption(f"e{number}", rule.id, {"agent": Like(("claude",))}, until=LATER)
        for number, rule in enumerate(rules)
        if number < len(excepted) and excepted[number]
    )
    return Policy(
        Document(
            digest="0" * 64,
            files=(),
            joined=ruling(*rules, modes=named, exemptions=exemptions),
            tree=None,
            retention=Retention(),
            operators=Operators(),
            profiles=(),
            never_collected=(),
        )
    )
