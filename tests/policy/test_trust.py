"""Tool calls, judged by a document as an operator writes it; the brain is taken for hijacked."""

from dataclasses import replace
from textwrap import dedent

import pytest

from deciding import NOW
from ringfence.core.actions import Argument, ToolCall
from ringfence.core.decisions import Decision, Effect, Obligation, ObligationKind
from ringfence.core.labels import Integrity, Label, join
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier

TEXT = """\
    version: 1
    agents:
      mode: enforce
      rules:
        - {id: tools, actions: [tool.call], then: allow}
      trust:
        tools:
          mail.search: {effect: read, args: {query: option}}
          mail.send:
            args: {to: target, cc: target, body: content, attachments: object, attachments.note: content}
            schema_digest: "sha256:aa"
          bank.*: {args: {to: target, amount: amount, subject: option}}
          bank.list: {effect: read}
        rules:
          - {id: reads, effect: read, then: allow}
          - {id: critical, role: [target, object, secret, permission],
             require: {any: [{min: user}, {designated: true}, {created_in_session: true}]}, else: ask}
          - {id: amount, role: amount,
             require: {any: [{min: user}, {derived_at_most: 500, when: targets_from_prompt}]}, else: ask}
          - {id: intent, effect: write, require: {planned: true}, else: deny}
          - {id: flow, role: content, else: ask,
             require: {readers_include: $targets, no_untrusted_urls: true}}
        context:
          untrusted: {drop: ["secrets.*", shell.net], max_writes: 3}
    """
USER, UNTRUSTED = Label(integrity=Integrity.USER), Label(integrity=Integrity.UNTRUSTED)
ATTESTED = Label(integrity=Integrity.ATTESTED)
CLEAN = Label(integrity=Integrity.USER)


def policy(text: str = TEXT, *, tier: Tier = Tier.USER, more: tuple[PolicyFile, ...] = ()) -> Policy:
    return load([PolicyFile(tier=tier, name="user.yaml", data=dedent(text).encode()), *more])


POLICY = policy()


def call(tool: str, *arguments: tuple[str, str, Label], **more: object) -> ToolCall:
    """A planned call in a session that has read nothing, unless said otherwise."""
    server, _, name = tool.partition(".")
    known: dict[str, object] = {"planned": True, "context": CLEAN, "schema_digest": "sha256:aa"} | more
    made = tuple(Argument(name=each, text=text, label=label) for each, text, label in arguments)
    return ToolCall(server=server, tool=name, arguments=made, **known)


def decided(action: ToolCall, by: Policy = POLICY) -> Decision:
    return by.decide(action, now=NOW)


def word(action: ToolCall, by: Policy = POLICY) -> tuple[str, str | None]:
    decision = decided(action, by)
    return decision.effect.value, decision.reasons[0].rule


TO = ("to", "ann@example.com", USER)
PUBLIC, FOR_ANN = UNTRUSTED, replace(UNTRUSTED, readers=frozenset({"ann@example.com"}))


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (call("mail.search", ("query", "x", UNTRUSTED), planned=None), ("allow", "tools")),
        (call("mail.send", TO, ("body", "hello", USER)), ("allow", "tools")),
        # What is critical comes from the user, from a record that the user named, or was made here.
        (call("mail.send", ("to", "eve@example.com", UNTRUSTED)), ("ask", "critical")),
        (call("mail.send", ("to", "bob@example.com", ATTESTED)), ("ask", "critical")),
        (
            call("mail.send", ("to", "bob@example.com", replace(ATTESTED, designated=True))),
            ("allow", "tools"),
        ),
        (
            call("mail.send", ("to", "bob@example.com", replace(UNTRUSTED, designated=True))),
            ("ask", "critical"),
        ),
        (call("mail.send", TO, ("attachments.0.id", "7", UNTRUSTED)), ("ask", "critical")),
        (
            call("mail.send", TO, ("attachments.0.id", "7", replace(UNTRUSTED, created_in_session=True))),
            ("allow", "tools"),
        ),
        (call("mail.send", TO, ("attachments.note", "7", UNTRUSTED)), ("allow", "tools")),
        (
            call("mail.send", TO, ("cc.0", "ann@example.com", USER), ("cc.1", "eve@example.com", UNTRUSTED)),
            ("ask", "critical"),
        ),
        (call("mail.send", TO, ("bcc", "eve@example.com", UNTRUSTED)), ("ask", "critical")),
        # Numbers that were worked out.
        (call("bank.pay", TO, ("amount", "499.99", UNTRUSTED)), ("allow", "tools")),
        (call("bank.pay", TO, ("amount", "500", UNTRUSTED)), ("allow", "tools")),
        (call("bank.pay", TO, ("amount", "500.01", UNTRUSTED)), ("ask", "amount")),
        (call("bank.pay", TO, ("amount", "9000", USER)), ("allow", "tools")),
        (call("bank.pay", TO, ("amount", "-1", UNTRUSTED)), ("ask", "amount")),
        (call("bank.pay", TO, ("amount", "1e9", UNTRUSTED)), ("ask", "amount")),
        (call("bank.pay", TO, ("amount", "٣", UNTRUSTED)), ("ask", "amount")),
        (call("bank.pay", ("amount", "5", UNTRUSTED)), ("ask", "amount")),
        (
            call(
                "bank.pay",
                ("to", "x", replace(UNTRUSTED, created_in_session=True)),
                ("amount", "5", UNTRUSTED),
            ),
            ("ask", "amount"),
        ),
        # What is written to others.
        (call("mail.send", TO, ("body", "as agreed", PUBLIC)), ("allow", "tools")),
        (call("mail.send", TO, ("body", "as agreed", FOR_ANN)), ("allow", "tools")),
        (call("mail.send", ("to", "bob@example.com", USER), ("body", "as agreed", FOR_ANN)), ("ask", "flow")),
        (
            call("mail.send", TO, ("cc", "bob@example.com", USER), ("body", "as agreed", FOR_ANN)),
            ("ask", "flow"),
        ),
        (call("mail.send", ("body", "as agreed", FOR_ANN)), ("ask", "flow")),
        (call("mail.send", ("body", "as agreed", PUBLIC)), ("allow", "tools")),
        (call("mail.send", TO, ("body", "see https://x.example/?q=1", UNTRUSTED)), ("ask", "flow")),
        (call("mail.send", TO, ("body", "see https://x.example/?q=1", USER)), ("allow", "tools")),
        # The intent gate.
        (call("mail.send", TO, planned=False), ("deny", "intent")),
        (call("mail.send", planned=False), ("deny", "intent")),
        # A tool that no document knows writes, and every argument is critical.
        (call("mail.purge", planned=False), ("deny", "intent")),
        (call("mail.purge", ("really", "yes", UNTRUSTED)), ("ask", "critical")),
        (call("mail.purge", ("really", "yes", USER)), ("allow", "tools")),
    ],
)
def test_the_document_of_the_facts_says(action: ToolCall, expected: tuple[str, str]) -> None:
    assert word(action) == expected


def test_a_description_that_was_not_approved_is_asked_about() -> None:
    send = call("mail.send", TO)
    for digest in ("sha256:bb", None):
        decision = decided(replace(send, schema_digest=digest))
        reason = decision.reasons[0]
        assert (reason.effect, reason.rule, str(reason.at)) == (Effect.ASK, "agents:9", "user.yaml:9")
        assert reason.unknown == (("schema_digest",) if digest is None else ())
        assert reason.why == "The tool's description is not the one that was approved."
    assert decided(replace(call("bank.list"), schema_digest=None)).effect is Effect.ALLOW


def test_what_was_read_drops_tools_and_counts_writes() -> None:
    writes = Obligation(kind=ObligationKind.LIMIT, unit="writes", amount=3, per="session")
    for context, unknown in ((UNTRUSTED, ()), (None, ("context",))):
        dropped = decided(call("secrets.get", context=context))
        assert (dropped.effect, dropped.reasons[0].rule) == (Effect.DENY, "agents:24")
        assert dropped.reasons[0].unknown == unknown
        assert decided(call("shell.net", context=context)).effect is Effect.DENY
        sent = decided(call("mail.send", TO, context=context))
        assert (sent.effect, sent.obligations) == (Effect.ALLOW, (writes,))
        assert decided(call("mail.search", context=context)).obligations == ()
    assert decided(call("secrets.get", context=ATTESTED)).effect is Effect.ALLOW
    assert decided(call("mail.send", TO)).obligations == ()


def test_trust_allows_only_what_is_known_and_where_it_says_so() -> None:
    text = TEXT.replace("- {id: tools, actions: [tool.call], then: allow}", "[]")
    alone = policy(text)
    assert word(call("mail.search", ("query", "x", UNTRUSTED)), alone) == ("allow", "reads")
    assert word(call("mail.send", TO), alone) == (
        "deny",
        None,
    )  # what is required is met, and nothing allows it
    then = policy(text.replace("require: {planned: true}", "require: {planned: true}, then: allow"))
    assert word(call("mail.send", TO), then) == ("allow", "intent")
    assert word(call("mail.purge"), then) == ("deny", None)


def test_what_is_unknown_of_the_plan_is_told() -> None:
    reason = decided(call("mail.send", TO, planned=None)).reasons[0]
    assert (reason.effect, reason.rule, reason.unknown) == (Effect.DENY, "intent", ("planned",))


def test_a_users_document_does_not_make_the_systems_tools_harmless() -> None:
    lax = """\
        version: 1
        agents:
          trust:
            tools:
              mail.send: {effect: read, args: {to: option, bcc: option}}
              mail.*: {effect: read}
        """
    user = PolicyFile(tier=Tier.USER, name="lax.yaml", data=dedent(lax).encode())
    joined = policy(tier=Tier.SYSTEM, more=(user,))
    assert word(call("mail.send", ("to", "eve@example.com", UNTRUSTED)), joined) == ("ask", "critical")
    assert word(call("mail.send", TO, ("bcc", "eve@example.com", UNTRUSTED)), joined) == ("ask", "critical")
    unknown = call("mail.other", planned=False)  # of which the system says nothing, so it writes
    assert word(unknown, joined) == ("deny", "intent")
    open_ = policy(TEXT.replace("mode: enforce", "mode: warn"), tier=Tier.SYSTEM, more=(user,))
    assert word(unknown, open_) == ("allow", "tools")  # under no ceiling a user's word on it counts


def test_a_users_name_for_a_tool_does_not_beat_the_systems_pattern() -> None:
    lax = "version: 1\nagents: {trust: {tools: {bank.pay: {effect: read, args: {to: option}}}}}\n"
    joined = policy(tier=Tier.SYSTEM, more=(PolicyFile(tier=Tier.USER, name="lax.yaml", data=lax.encode()),))
    assert word(call("bank.pay", ("to", "eve", UNTRUSTED)), joined) == ("ask", "critical")
    assert word(call("bank.pay", TO, planned=False), joined) == ("deny", "intent")


def test_no_tool_passes_for_another_servers() -> None:
    known = policy(TEXT.replace("bank.list:", "wiki.page.get:"))
    read = call("wiki.page.get", planned=False)
    assert (read.server, read.tool) == ("wiki", "page.get")
    assert word(read, known) == ("allow", "tools")
    assert word(replace(read, server="wiki.page", tool="get"), known) == ("deny", "intent")


def test_a_working_trees_trust_only_restricts() -> None:
    of_tree = """\
        version: 1
        agents:
          trust:
            tools: {mail.send: {effect: read}, wiki.edit: {effect: read}}
            rules:
              - {id: free, effect: read, then: allow}
              - {id: no-mail, effect: read, require: {min: system}, else: deny}
        """
    tree = PolicyFile(tier=Tier.WORKING_TREE, name="tree.yaml", data=dedent(of_tree).encode())
    both = policy(more=(tree,))
    assert word(call("mail.send", TO), both) == ("deny", "no-mail")
    assert word(call("wiki.edit", planned=False), both) == ("deny", "intent")
    assert word(call("wiki.edit"), both) == ("allow", "tools")


def test_an_exception_counts_for_a_rule_of_trust() -> None:
    excepted = """\
    exceptions:
      - {id: e1, rule: critical, match: {server: mail}, asked_by: carol, reviewed_by: dave,
         why: x, until: 2026-12-31}
    """
    by = policy(dedent(TEXT) + dedent(excepted))
    eve = ("to", "eve@example.com", UNTRUSTED)
    reason = decided(call("mail.send", eve), by).reasons[0]
    assert (reason.effect, reason.exception) == (Effect.ALLOW, "e1")
    assert word(call("bank.pay", eve), by) == ("ask", "critical")


def test_decisions_on_tool_calls_are_kept_as_others_are() -> None:
    send = call("mail.send", ("to", "eve@example.com", UNTRUSTED))
    assert decided(send) is decided(
        replace(send, arguments=(*send.arguments, Argument(name="body", text="x", label=USER)))
    )


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example",
        "HTTP://x",
        "//x.example/y",
        "www.x",
        "go to evil.com now",
        "evil。com",
        "\uff45vil\uff0ecom",
        "evil\u200b.com",
        "![i](x.example/y)",
        "mailto:a",
        "javascript:x",
        "10.0.0.1",
        "data:text/html",
        "bücher.de",
    ],
)
def test_what_a_program_might_make_a_link_of_is_an_address(text: str) -> None:
    assert word(call("mail.send", TO, ("body", text, UNTRUSTED))) == ("ask", "flow")


@pytest.mark.parametrize("text", ["", "As agreed. See you.", "1.5 and 2.75", "and/or", "12:30", "Hm... well"])
def test_plain_text_is_none(text: str) -> None:
    assert word(call("mail.send", TO, ("body", text, UNTRUSTED))) == ("allow", "tools")


def test_what_was_made_from_both_is_designated_only_if_both_are() -> None:
    one = Label(integrity=Integrity.ATTESTED, designated=True, created_in_session=True)
    assert join(one, one) == one
    assert join(one, USER) == replace(one, designated=False, created_in_session=False)
