"""What an agent may read of package registries: a rule for each that this machine is set to.

A document of the user's or the system's says that it may (`egress: {registries: read}`), as does what is
built in of known agents; which hosts these are nobody writes down: they are looked up when a run starts.
"""

from collections.abc import Iterable, Iterator

from ringfence.core.dataclass import replace
from ringfence.core.decisions import Effect, Place, Section
from ringfence.core.limits import LIMITS
from ringfence.core.registries import Registry
from ringfence.policy.egressing import egressing
from ringfence.policy.policy import Policy
from ringfence.policy.rule import AtLeast, AtMost, Condition, Like, Rule, RuleId, Tier

__all__ = ["with_registries"]

_READING = ("GET", "HEAD")
_LOGINS = ("npm", "pip")  # of the vault's names for what `vault adopt` takes in
_PORT = 443


def with_registries(policy: Policy, agent: str, registries: Iterable[Registry]) -> Policy:
    """The policy for a box of that agent: with rules that let it read these, where a document says it may.

    So it may use the credentials of the vault that are called as `vault adopt` calls theirs.
    """
    document = policy.document
    if not egressing(document, agent).registries:
        return policy
    rules = [rule for each in tuple(registries)[: LIMITS.registries] for rule in _rules(each, agent)]
    if not rules:
        return policy
    known = {rule.id: rule for rule in rules}  # where two are for one place, one is enough
    joined = replace(document.joined, rules=(*document.joined.rules, *known.values()))
    return Policy(replace(document, joined=joined))


def _rules(registry: Registry, agent: str) -> Iterator[Rule]:
    port = "" if registry.port == _PORT else f":{registry.port}"
    name = f"built-in registries: {registry.program}'s at {registry.host}{port}{registry.path}"
    below = (registry.path, f"{registry.path}/**") if registry.path else ("/**",)
    whose = Condition(field="agent", test=Like((_escaped(agent),)))
    host = Condition(field="host", test=Like((registry.host,)))
    ports = (
        Condition(field="port", test=AtLeast(registry.port)),
        Condition(field="port", test=AtMost(registry.port)),
    )
    what = (
        Condition(field="method", test=Like(_READING)),
        Condition(field="path", test=Like(below)),
    )
    at = registry.host if registry.port == _PORT else f"{registry.host}-{registry.port}"
    login = Condition(field="credential", test=Like((*(f"{each}/{at}" for each in _LOGINS), f"netrc/{at}")))
    for part, action, conditions in (
        ("", "host.connect", (whose, host, *ports)),
        (" (requests)", "http.request", (whose, host, *ports, *what)),
        (" (logins)", "credential.use", (whose, login, host, *what)),
    ):
        yield Rule(
            id=RuleId(name + part),
            section=Section.AGENTS,
            tier=Tier.BUILT_IN,
            at=Place(file=registry.file, line=registry.line),
            action_types=frozenset({action}),
            conditions=conditions,
            effect=Effect.ALLOW,
        )


def _escaped(agent: str) -> str:
    """A pattern for that name alone."""
    return "".join(f"\\{char}" if char in "*?\\[]{}" else char for char in agent)
