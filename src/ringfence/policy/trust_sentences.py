"""What a policy says of tools and of values for them, as sentences (see `sentences`)."""

from collections.abc import Iterator

from ringfence.core.decisions import Place
from ringfence.policy.sentences import EFFECTS, Piece, Sentence, Value, listed
from ringfence.policy.trust_words import Context, Requirement, Store, ToolEffect, ToolTrust, Trust, TrustRule
from ringfence.policy.words import word_of

__all__ = ["of_trust"]


def of_trust(trust: Trust) -> Iterator[tuple[Sentence, str, Place]]:
    """A sentence for everything it says, with the rule's id, or what it is, and its place."""
    for rule in trust.rules:
        yield _rule(rule), rule.id, rule.at
    for context in trust.contexts:
        yield _context(context), "context", context.at
    for tool in trust.tools:
        yield _tool(tool), "tool", tool.at
    for store in trust.stores:
        yield _store(store), "store", store.at


def _rule(rule: TrustRule) -> Sentence:
    calling = {None: "Calling a tool", ToolEffect.READ: "Calling a tool that reads"}
    pieces: list[Piece] = [calling.get(rule.effect, "Calling a tool that changes something")]
    if rule.roles:
        pieces += [
            " with a value that plays the role ",
            *listed([(Value(each.value),) for each in rule.roles], "or"),
        ]
    needs = [_requirement(each) for each in rule.require]
    if rule.then is not None:
        pieces += [" ", EFFECTS[rule.then], *((" if ", *listed(needs, "or")) if needs else ())]
        if rule.otherwise is not None:
            pieces += [", and ", EFFECTS[rule.otherwise], " if not"]
    elif rule.otherwise is not None:
        pieces += [" ", EFFECTS[rule.otherwise], *((" unless ", *listed(needs, "or")) if needs else ())]
    pieces.append(".")
    return (*pieces, " Why: ", Value(rule.why, is_prose=True)) if rule.why else tuple(pieces)


def _requirement(need: Requirement) -> Sentence:
    said: list[Sentence] = []
    if need.min is not None:
        said.append(("its integrity is at least ", Value(word_of(need.min))))
    for wanted, yes, no in (
        (need.designated, "a record that the user named has it", "no record that the user named has it"),
        (
            need.created_in_session,
            "this session made what it names",
            "this session did not make what it names",
        ),
        (need.planned, "the plan has the call", "the plan does not have the call"),
        (need.no_untrusted_urls, "it has no address that is not trusted", "any address may be in it"),
    ):
        if wanted is not None:
            said.append((yes if wanted else no,))
    if need.derived_at_most is not None:
        said.append(("it is a number of at most ", Value(str(need.derived_at_most))))
    if need.when is not None:
        said.append(("its targets are from the user's own words",))
    if need.readers_include is not None:
        said.append(("all whom it reaches may read it",))
    both = listed(said or [("it is of any kind",)], "and")
    return ("(", *both, ")") if len(said) > 1 else both


def _context(context: Context) -> Sentence:
    pieces: list[Piece] = [
        "Once a session has read something whose integrity is ",
        Value(word_of(context.integrity)),
    ]
    left: list[Sentence] = []
    if context.drop:
        left.append(("it can no longer call ", *listed([(Value(each),) for each in context.drop], "or")))
    if context.max_writes is not None:
        left.append((f"it has {context.max_writes} calls left that change something",))
    pieces += [", ", *listed(left or [("nothing is taken away",)], "and")]
    return (*pieces, ".")


def _tool(tool: ToolTrust) -> Sentence:
    pieces: list[Piece] = ["The tool ", Value(tool.name)]
    pieces.append(" reads" if tool.effect is ToolEffect.READ else " changes something")
    pieces.append("; it can be undone" if tool.reversible else "")
    pieces += ["; what it returns has the integrity ", Value(word_of(tool.integrity))]
    if tool.fields:
        fields = [(Value(name), " ", Value(word_of(each))) for name, each in sorted(tool.fields.items())]
        pieces += [", but for ", *listed(fields, "and")]
    if tool.readers:
        pieces += ["; who may read that says ", Value(tool.readers)]
    if tool.key:
        pieces += ["; a record is known by ", *listed([(Value(each),) for each in tool.key], "and")]
    if tool.args:
        roles = [(Value(name), " is ", Value(role.value)) for name, role in sorted(tool.args.items())]
        pieces += ["; of its arguments ", *listed(roles, "and")]
    if tool.intent:
        pieces += ["; a plan for it says ", *listed([(Value(each),) for each in tool.intent], "and")]
    pieces += ["; a call that was cut off is followed up by ", Value(tool.idempotency.value)]
    if tool.schema_digest:
        pieces += ["; its description was approved as ", Value(tool.schema_digest)]
    return (*pieces, ".")


def _store(store: Store) -> Sentence:
    written = listed([(Value(each),) for each in store.written_by], "or")
    read = listed([(Value(each),) for each in store.read_by], "or")
    return (
        "What ",
        *written,
        " puts into ",
        Value(store.name),
        " is worth as much when ",
        *read,
        " reads it.",
    )
