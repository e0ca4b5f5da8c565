"""The built-in starter as `load.read` reads it, so that most machines read no YAML.

Made by scripts/starter.py of documents/starter.yaml; a test holds both equal.
"""

from types import MappingProxyType

from ringfence.core.decisions import Effect, Mode, Place, Section
from ringfence.policy.document import Contribution, Document, Ruling
from ringfence.policy.rule import AtLeast, Before, Condition, Example, Is, Like, Rule, RuleId, Tier
from ringfence.policy.values import Operators, Retention

__all__ = ["DOCUMENT"]

DOCUMENT = Document(
    digest="4f794d657b75b255e0350541fb99525f95c7b091d41bf492233e19b3c9a7c44a",
    files=(
        Contribution(
            tier=Tier.BUILT_IN,
            name="built-in",
            digest="d0b284694cb9dde95c69c3521c6b443391bf95b836e7eca8ea78b823df970132",
            size_bytes=4122,
            serial=None,
            modes=MappingProxyType(
                {
                    Section.MODELS: Mode.OBSERVE,
                    Section.RUNTIMES: Mode.OBSERVE,
                    Section.SOURCES: Mode.OBSERVE,
                    Section.DATA: Mode.OBSERVE,
                    Section.AGENTS: Mode.OBSERVE,
                    Section.LICENSES: Mode.OBSERVE,
                    Section.RETENTION: Mode.OBSERVE,
                    Section.OPERATORS: Mode.OBSERVE,
                }
            ),
            rules=MappingProxyType(
                {Section.MODELS: 2, Section.RUNTIMES: 2, Section.DATA: 1, Section.LICENSES: 8}
            ),
            exceptions=0,
            examples=10,
            values=("never_collected",),
        ),
    ),
    joined=Ruling(
        rules=(
            Rule(
                id=RuleId("malicious-model"),
                section=Section.MODELS,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=19),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(Condition(field="verdict", test=AtLeast(value=5), ignores_unknown=True),),
                effect=Effect.DENY,
                mode=None,
                obligations=(),
                until=None,
                why="Loading it runs code that does harm.",
                controls=(
                    "eu-ai-act:15",
                    "nist-rmf:MANAGE-2.4",
                ),
                examples=(
                    Example(
                        action_type="model.use",
                        facts={"verdict": "malicious"},
                        matches=True,
                        at=Place(file="built-in", line=26),
                    ),
                    Example(
                        action_type="model.pull",
                        facts={"verdict": "malicious"},
                        matches=True,
                        at=Place(file="built-in", line=26),
                    ),
                    Example(
                        action_type="model.use",
                        facts={"verdict": "suspicious"},
                        matches=False,
                        at=Place(file="built-in", line=27),
                    ),
                    Example(
                        action_type="model.pull",
                        facts={"verdict": "suspicious"},
                        matches=False,
                        at=Place(file="built-in", line=27),
                    ),
                    Example(
                        action_type="model.use",
                        facts={"name": "not-judged-yet"},
                        matches=False,
                        at=Place(file="built-in", line=27),
                    ),
                    Example(
                        action_type="model.pull",
                        facts={"name": "not-judged-yet"},
                        matches=False,
                        at=Place(file="built-in", line=27),
                    ),
                ),
                refused_as=None,
            ),
            Rule(
                id=RuleId("suspicious-model"),
                section=Section.MODELS,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=28),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(Condition(field="verdict", test=AtLeast(value=4), ignores_unknown=True),),
                effect=Effect.ASK,
                mode=None,
                obligations=(),
                until=None,
                why="Loading it may run code.",
                controls=(),
                examples=(
                    Example(
                        action_type="model.use",
                        facts={"verdict": "suspicious"},
                        matches=True,
                        at=Place(file="built-in", line=34),
                    ),
                    Example(
                        action_type="model.pull",
                        facts={"verdict": "suspicious"},
                        matches=True,
                        at=Place(file="built-in", line=34),
                    ),
                    Example(
                        action_type="model.use",
                        facts={"verdict": "inconclusive"},
                        matches=False,
                        at=Place(file="built-in", line=35),
                    ),
                    Example(
                        action_type="model.pull",
                        facts={"verdict": "inconclusive"},
                        matches=False,
                        at=Place(file="built-in", line=35),
                    ),
                ),
                refused_as=None,
            ),
            Rule(
                id=RuleId("old-ollama"),
                section=Section.RUNTIMES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=39),
                action_types=frozenset(["runtime.run"]),
                conditions=(
                    Condition(field="name", test=Like(patterns=("ollama",)), ignores_unknown=False),
                    Condition(field="version", test=Before(version="0.1.34"), ignores_unknown=False),
                ),
                effect=Effect.DENY,
                mode=None,
                obligations=(),
                until=None,
                why="CVE-2024-37032: whoever reaches it can run code",
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("runtimes:40"),
                section=Section.RUNTIMES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=40),
                action_types=frozenset(["listener.serve"]),
                conditions=(
                    Condition(field="exposure", test=Like(patterns=("network",)), ignores_unknown=False),
                ),
                effect=Effect.ASK,
                mode=None,
                obligations=(),
                until=None,
                why="other machines can reach it",
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("data:48"),
                section=Section.DATA,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=48),
                action_types=frozenset(["prompt.send"]),
                conditions=(
                    Condition(field="sensitivity", test=AtLeast(value=2), ignores_unknown=False),
                    Condition(field="local", test=Is(value=False), ignores_unknown=False),
                ),
                effect=Effect.DENY,
                mode=None,
                obligations=(),
                until=None,
                why="only a local model may see this",
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:56"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=56),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("experiment",)), ignores_unknown=False),
                    Condition(field="license", test=Like(patterns=("*",)), ignores_unknown=False),
                ),
                effect=Effect.ALLOW,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:57"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=57),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("internal",)), ignores_unknown=False),
                    Condition(
                        field="license",
                        test=Like(
                            patterns=(
                                "mit",
                                "apache-2.0",
                                "bsd-*",
                            )
                        ),
                        ignores_unknown=False,
                    ),
                ),
                effect=Effect.ALLOW,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:57:58"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=57),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("internal",)), ignores_unknown=False),
                    Condition(
                        field="license",
                        test=Like(
                            patterns=(
                                "llama*",
                                "gemma*",
                            )
                        ),
                        ignores_unknown=False,
                    ),
                ),
                effect=Effect.ASK,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:58"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=58),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("production",)), ignores_unknown=False),
                    Condition(
                        field="license",
                        test=Like(
                            patterns=(
                                "mit",
                                "apache-2.0",
                                "bsd-*",
                            )
                        ),
                        ignores_unknown=False,
                    ),
                ),
                effect=Effect.ALLOW,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:58:60"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=58),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("production",)), ignores_unknown=False),
                    Condition(
                        field="license",
                        test=Like(
                            patterns=(
                                "llama*",
                                "gemma*",
                            )
                        ),
                        ignores_unknown=False,
                    ),
                ),
                effect=Effect.ASK,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:58:89"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=58),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("production",)), ignores_unknown=False),
                    Condition(field="license", test=Like(patterns=("cc-by-nc*",)), ignores_unknown=False),
                ),
                effect=Effect.DENY,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:59"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=59),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("distribution",)), ignores_unknown=False),
                    Condition(
                        field="license",
                        test=Like(
                            patterns=(
                                "mit",
                                "apache-2.0",
                                "bsd-*",
                            )
                        ),
                        ignores_unknown=False,
                    ),
                ),
                effect=Effect.ALLOW,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
            Rule(
                id=RuleId("licenses:59:65"),
                section=Section.LICENSES,
                tier=Tier.BUILT_IN,
                at=Place(file="built-in", line=59),
                action_types=frozenset(["model.pull", "model.use"]),
                conditions=(
                    Condition(field="purpose", test=Like(patterns=("distribution",)), ignores_unknown=False),
                    Condition(field="license", test=Like(patterns=("cc-by-nc*",)), ignores_unknown=False),
                ),
                effect=Effect.DENY,
                mode=None,
                obligations=(),
                until=None,
                why=None,
                controls=(),
                examples=(),
                refused_as=None,
            ),
        ),
        exemptions=(),
        modes=MappingProxyType(
            {
                Section.MODELS: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
                Section.RUNTIMES: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
                Section.SOURCES: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
                Section.DATA: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
                Section.AGENTS: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
                Section.LICENSES: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
                Section.OPERATORS: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
                Section.RETENTION: (
                    Mode.OBSERVE,
                    Place(file="built-in", line=14),
                ),
            }
        ),
        trust=None,
        ceiling=frozenset(),
        ceiling_trust=None,
    ),
    tree=None,
    retention=Retention(events=(), holds=()),
    operators=Operators(approve=(), four_eyes=(), break_glass=(), desktop=None, webhooks=()),
    profiles=(),
    never_collected=(
        "the content of prompts and answers",
        "keystrokes",
        "what is on the screen",
        "personal files",
    ),
    tree_profiles=(),
    prices=(),
)
