from dataclasses import replace

import pytest

from deciding import NOW, condition, engine, rule, ruling
from ringfence.core.actions import (
    Action,
    Argument,
    CredentialUse,
    FileRead,
    HostConnect,
    HttpRequest,
    ModelUse,
    PromptSend,
    RuntimeRun,
    ToolCall,
)
from ringfence.core.decisions import (
    Effect,
    Section,
)
from ringfence.core.labels import Integrity, Label, Sensitivity
from ringfence.core.verdicts import Verdict
from ringfence.policy.rule import AtLeast, AtMost, Before, From, Is, Like, Test, Unlike

ALLOW, DENY = Effect.ALLOW, Effect.DENY
CONNECT = HostConnect(agent="claude", host="api.example.com", port=443)
MODEL = ModelUse(name="org/m", formats=("gguf",))
USER = Label(integrity=Integrity.USER)


V = Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("field", "test", "kind", "action"),
    [
        ("license", "mit", "model.use", MODEL),
        ("license", Unlike(("mit",)), "model.use", MODEL),
        ("size_bytes", AtLeast(5), "model.use", MODEL),
        ("verdict", AtMost(1), "model.use", MODEL),
        ("remote", Is(False), "model.use", MODEL),
        ("findings", "x", "model.use", MODEL),
        ("version", Before("1.0"), "runtime.run", RuntimeRun(name="ollama")),
        ("version", From("1.0"), "runtime.run", RuntimeRun(name="ollama", version="nightly")),
        ("path", "src/**", "file.read", FileRead(path="src/../../etc/passwd")),
        ("path", Unlike(("src/**",)), "file.read", FileRead(path="src/./a")),
        ("path", "/v1/**", "http.request", HttpRequest(host="h", port=1, method="GET", path="/v1/../admin")),
        ("context.integrity", AtLeast(3), "file.read", FileRead(path="a")),
        ("host", "*", "prompt.send", PromptSend(model="m")),
    ],
)
def test_what_is_unknown_counts_against_the_action(
    field: str, test: Test | str, kind: str, action: Action
) -> None:
    section = {"model.use": Section.MODELS, "runtime.run": Section.RUNTIMES, "prompt.send": Section.DATA}.get(
        kind, Section.AGENTS
    )
    outcomes = []
    for effect in (ALLOW, DENY):
        for ignores in (False, True):
            one = rule(
                "r", effect, [condition(field, test, ignores_unknown=ignores)], section=section, types=(kind,)
            )
            decision = engine(ruling(one)).decide(action, now=NOW)
            reason = next(each for each in decision.reasons if each.section is section)
            outcomes.append((reason.effect, reason.rule, reason.unknown))
    assert outcomes == [
        (DENY, None, ()),  # it is not allowed,
        (DENY, None, ()),
        (DENY, "r", (field,)),  # and it is denied,
        (DENY, None, ()),  # unless the rule ignores what is unknown: this is the mode's word
    ]


@pytest.mark.parametrize(
    ("field", "test", "values", "allowed", "denied"),
    [
        # Where some of the values fit, an allowance does not hold and a denial does.
        ("formats", Like(("safetensors",)), ("safetensors",), True, True),
        ("formats", Like(("safetensors",)), ("safetensors", "pickle"), False, True),
        ("formats", Like(("safetensors",)), (), False, False),
        ("formats", Unlike(("pickle",)), ("safetensors", "pickle"), False, True),
        ("formats", Unlike(("pickle",)), ("safetensors",), True, True),
        ("formats", Unlike(("pickle",)), ("pickle",), False, False),
        ("formats", Unlike(("pickle",)), (), True, True),
        # One signature that is trusted is enough.
        ("signed_by", Like(("key:a",)), ("key:a", "key:b"), True, True),
        ("signed_by", Unlike(("key:a",)), ("key:a", "key:b"), False, False),
        ("signed_by", Like(("key:a",)), ("key:b",), False, False),
        ("signed_by", Unlike(("key:a",)), (), True, True),
        ("license", Like(("mit", "apache-2.0")), "MIT OR GPL-3.0-only", True, False),
        ("license", Like(("mit", "cc-by-nc*")), "MIT AND CC-BY-NC-4.0", True, True),
        ("license", Like(("cc-by-nc*",)), "MIT AND CC-BY-NC-4.0", False, True),
        ("license", Like(("cc-by-nc*",)), "MIT OR CC-BY-NC-4.0", True, False),
        ("license", Like(("mit*",)), "MIT AND CC-BY-NC-4.0", False, True),
        ("license", Like(("*",)), "any text at all", True, True),
        ("license", Unlike(("mit",)), "MIT OR GPL-3.0-only", True, False),
        ("license", Unlike(("mit",)), "GPL-3.0-only", True, True),
        ("license", Unlike(("cc-by-nc*",)), "MIT AND CC-BY-NC-4.0", False, True),
        ("verdict", Like(("clean", "suspicious")), V, True, True),
        ("verdict", AtLeast(4), V, True, True),
        ("verdict", AtLeast(5), V, False, False),
        ("verdict", AtMost(4), V, True, True),
        ("size_bytes", Like(("5", "7")), 7, True, True),
        ("size_bytes", AtMost(6), 7, False, False),
        ("remote", Is(True), True, True, True),
        ("remote", Is(False), True, False, False),
        ("name", "org/*", "org/m", True, True),
        ("name", "Org/*", "org/m", False, False),
        ("digest", "SHA256:AB", "sha256:ab", True, True),
    ],
)
def test_each_sort_of_condition(
    field: str, test: Test | str, values: object, allowed: bool, denied: bool
) -> None:
    action = replace(MODEL, **{field: values})
    matched = []
    for effect in (ALLOW, DENY):
        one = rule("r", effect, {field: test}, section=Section.MODELS, types=("model.use",))
        decision = engine(ruling(one)).decide(action, now=NOW)
        matched.append(any(each.rule == "r" for each in decision.reasons))
    assert matched == [allowed, denied]


@pytest.mark.parametrize(
    ("test", "version", "fits"),
    [
        (Before("0.7.0"), "0.7.0rc1", True),
        (Before("0.7.0"), "0.7", False),
        (From("0.7.0"), "0.7", True),
        (From("0.7"), "0.6.9", False),
        (Like(("0.7.*",)), "0.7.1", True),
    ],
)
def test_versions_are_compared_as_versions(test: Test, version: str, fits: bool) -> None:
    one = rule("r", ALLOW, {"version": test}, section=Section.RUNTIMES, types=("runtime.run",))
    decision = engine(ruling(one)).decide(RuntimeRun(name="ollama", version=version), now=NOW)
    assert (decision.effect is ALLOW) is fits


@pytest.mark.parametrize(
    ("test", "texts", "allowed", "denied"),
    [
        ("*@example.com", {"to": "a@example.com"}, True, True),
        ("*@example.com", {"to.0": "a@example.com", "to.1": "b@example.com"}, True, True),
        ("*@example.com", {"to.0": "a@example.com", "to.1": "b@evil.example"}, False, True),
        ("*@example.com", {"too": "a@example.com"}, False, False),
        (Unlike(("*@example.com",)), {"to": "b@evil.example"}, True, True),
        (Unlike(("*@example.com",)), {"to.0": "a@example.com", "to.1": "b@evil.example"}, False, True),
        (Unlike(("*@example.com",)), {}, True, True),
    ],
)
def test_an_argument_stands_for_all_that_lies_below_it(
    test: Test | str, texts: dict[str, str], allowed: bool, denied: bool
) -> None:
    arguments = tuple(Argument(name=name, text=text, label=USER) for name, text in texts.items())
    call = ToolCall(server="mail", tool="send", arguments=arguments)
    matched = []
    for effect in (ALLOW, DENY):
        one = rule("r", effect, {"arguments.to": test}, types=("tool.call",))
        matched.append(engine(ruling(one)).decide(call, now=NOW).reasons[0].rule == "r")
    assert matched == [allowed, denied]


def test_what_a_session_has_read_is_compared_by_rank() -> None:
    one = rule("r", ALLOW, {"context.sensitivity": AtMost(1), "context.integrity": AtLeast(3)})
    decide = engine(ruling(one)).decide
    for sensitivity, integrity, effect in (
        (Sensitivity.INTERNAL, Integrity.USER, ALLOW),
        (Sensitivity.CONFIDENTIAL, Integrity.USER, DENY),
        (Sensitivity.INTERNAL, Integrity.ENDORSED, DENY),
    ):
        label = Label(integrity=integrity, sensitivity=sensitivity)
        assert decide(replace(CONNECT, context=label), now=NOW).effect is effect


def test_a_credential_is_for_its_host_method_and_path() -> None:
    match = {"credential": "token", "host": "api.example.com", "method": "GET", "path": "/repos/**"}
    decide = engine(ruling(rule("r", ALLOW, match, types=("credential.use",)))).decide
    use = CredentialUse(credential="token", host="api.example.com", method="GET", path="/repos/a/b")
    assert decide(use, now=NOW).effect is ALLOW
    for other in (
        {"method": "POST"},
        {"path": "/user"},
        {"host": "api.example.org"},
        {"path": "/repos/../user"},
    ):
        assert decide(replace(use, **other), now=NOW).effect is DENY


def test_what_has_no_values_is_not_allowed_for_them() -> None:
    match = {"name": "org/m", "formats": "safetensors"}
    one = rule("r", ALLOW, match, section=Section.MODELS, types=("model.use",))
    decide = engine(ruling(one)).decide
    for formats, allowed in (((), None), (("safetensors",), "r")):
        reasons = decide(replace(MODEL, formats=formats), now=NOW).reasons
        assert next(each.rule for each in reasons if each.section is Section.MODELS) == allowed
