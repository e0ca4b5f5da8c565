"""What somebody tries who may name models, hosts, paths, tools and arguments, but not write the policy."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from deciding import NOW, condition, engine, exemption, rule, ruling
from ringfence.core.actions import (
    Argument,
    FileWrite,
    HostConnect,
    HttpRequest,
    ModelPull,
    ModelUse,
    RuntimeRun,
    ToolCall,
)
from ringfence.core.decisions import Effect, Section
from ringfence.core.labels import Integrity, Label
from ringfence.policy.rule import AtLeast, Before, Like, Unlike

ALLOW, DENY = Effect.ALLOW, Effect.DENY
USER = Label(integrity=Integrity.USER)


@pytest.mark.parametrize(
    "host",
    [
        "example.com.evil.test",
        "evilexample.com",
        "example.com%2eevil.test",
        "example.com\x00.evil.test",
        "a.b.example.com\n",
        "xn--exmple-cua.com",
        "example.com:443",
        "",
    ],
)
def test_a_host_is_no_other_host(host: str) -> None:
    allows = engine(ruling(rule("r", ALLOW, {"host": "**.example.com"})))
    assert allows.decide(HostConnect(host=host, port=443), now=NOW).effect is DENY
    for other in ("example.com", "api.example.com.", "A.B.EXAMPLE.COM"):
        assert allows.decide(HostConnect(host=other, port=443), now=NOW).effect is ALLOW


@pytest.mark.parametrize("host", ["EVIL.test", "a.evil.test.", "a.b.c.evil.test", "evil.test."])
def test_a_denied_host_is_denied_however_it_is_written(host: str) -> None:
    rules = (rule("all", ALLOW), rule("no", DENY, {"host": "**.evil.test"}))
    assert engine(ruling(*rules)).decide(HostConnect(host=host, port=443), now=NOW).effect is DENY


@pytest.mark.parametrize(
    "host",
    [
        "evil.test..",
        "\uff45vil.test",  # full width: names are looked up as ASCII
        "evil\u3002test",  # a full stop, too
        "evil\u00ad.test",
        "evil%2etest",
        "evil.test:443",
        "user@evil.test",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "::ffff:127.0.0.1",
        "0:0:0:0:0:0:0:1",
        "[::1]",
        "::1%lo",
        " evil.test",
        "",
        "a" * 100_000,
    ],
)
def test_a_host_in_another_spelling_is_unknown_to_a_denial(host: str) -> None:
    rules = (rule("all", ALLOW), rule("no", DENY, {"host": Like(("**.evil.test", "127.0.0.1", "::1"))}))
    reason = engine(ruling(*rules)).decide(HostConnect(host=host, port=443), now=NOW).reasons[0]
    assert (reason.effect, reason.rule, reason.unknown) == (DENY, "no", ("host",))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:DB8::1", "xn--bcher-kva.example", "a_b.example."])
def test_a_host_as_it_is_written_is_known(host: str) -> None:
    allows = engine(ruling(rule("r", ALLOW, {"host": host.lower().removesuffix(".")})))
    assert allows.decide(HostConnect(host=host, port=443), now=NOW).effect is ALLOW


@pytest.mark.parametrize(
    "source", ["hub.example/ours/../theirs/m", "hub.example/ours/./m", "hub.example/ours/.."]
)
def test_a_source_does_not_climb_out_of_its_organization(source: str) -> None:
    allows = engine(
        ruling(
            rule(
                "r", ALLOW, {"source": "hub.example/ours/**"}, section=Section.SOURCES, types=("model.pull",)
            )
        )
    )
    pull = ModelPull(name="m", formats=(), source=source)
    reasons = {each.section: each.effect for each in allows.decide(pull, now=NOW).reasons}
    assert reasons[Section.SOURCES] is DENY


@pytest.mark.parametrize(
    "path",
    [
        "src/../.env",
        "src/./../x",
        "/src/a",
        "src//../x",
        "../src/a",
        "src/a/..",
        "./src/a",
        "src",
        "src/",
        "/",
        "",
    ],
)
def test_a_path_does_not_leave_where_it_may_be_written(path: str) -> None:
    allows = engine(ruling(rule("r", ALLOW, {"path": "src/**"}, types=("file.write",))))
    assert allows.decide(FileWrite(path=path), now=NOW).effect is DENY


@pytest.mark.parametrize("path", ["a/../.env", "./.env", ".//.env", "x/..//.env"])
def test_a_path_that_is_not_canonical_is_denied_where_anything_is(path: str) -> None:
    rules = (
        rule("all", ALLOW, types=("file.write",)),
        rule("no", DENY, {"path": "**/.env"}, types=("file.write",)),
    )
    reason = engine(ruling(*rules)).decide(FileWrite(path=path), now=NOW).reasons[0]
    assert (reason.effect, reason.rule, reason.unknown) == (DENY, "no", ("path",))


def test_a_request_does_not_climb_out_of_its_path() -> None:
    allows = engine(ruling(rule("r", ALLOW, {"path": "/repos/ours/**"}, types=("http.request",))))
    request = HttpRequest(host="api.example.com", port=443, method="GET", path="/repos/ours/x")
    assert allows.decide(request, now=NOW).effect is ALLOW
    for path in ("/repos/ours/../theirs/x", "/repos/ours/./../../user", "/repos/ours", "/repos/oursx/y"):
        assert allows.decide(replace(request, path=path), now=NOW).effect is DENY


@pytest.mark.parametrize(
    "path",
    [
        "/repos/ours/%2e%2e/theirs",
        "/repos/ours/.%2E/theirs",
        "/repos/ours/..%2ftheirs",
        "/repos/ours/x%5c..%5c..",
        "/repos/ours/..\\theirs",
        "/repos/ours/..;x=1/theirs",
        "/repos/ours/%252e%252e/theirs",
        "/repos/ours//theirs",
        "/repos/ours/\uff0e\uff0e/theirs",
        "/repos/ours/a%00",
        "/repos/ours/a%0d%0aX",
        "/repos/ours/a\r\nX",
        "/repos/ours/%zz",
        "/repos/ours/%",
    ],
)
def test_a_request_path_that_servers_read_otherwise_is_unknown(path: str) -> None:
    types = ("http.request",)
    allows = engine(ruling(rule("r", ALLOW, {"path": "/repos/ours/**"}, types=types)))
    request = HttpRequest(host="api.example.com", port=443, method="GET", path=path)
    assert allows.decide(request, now=NOW).effect is DENY
    denies = engine(ruling(rule("all", ALLOW, types=types), rule("no", DENY, {"path": "/x/**"}, types=types)))
    assert denies.decide(request, now=NOW).reasons[0].unknown == ("path",)


@pytest.mark.parametrize(
    "path", ["/repos/ours/group%2Fproject", "/repos/ours/a%20b", "/repos/ours/100%25", "/repos/ours/"]
)
def test_a_request_path_with_needed_escapes_is_known(path: str) -> None:
    allows = engine(
        ruling(rule("r", ALLOW, {"path": Like(("/repos/ours/**", path))}, types=("http.request",)))
    )
    request = HttpRequest(host="api.example.com", port=443, method="GET", path=path)
    assert allows.decide(request, now=NOW).effect is ALLOW


def test_a_list_hides_no_recipient() -> None:
    allows = engine(ruling(rule("r", ALLOW, {"arguments.to": "*@example.com"}, types=("tool.call",))))
    denies = engine(
        ruling(
            rule("all", ALLOW, types=("tool.call",)),
            rule("no", DENY, {"arguments.to": Unlike(("*@example.com",))}, types=("tool.call",)),
        )
    )
    for names in (("to.0", "to.1"), ("to", "to.x.y"), ("to", "to")):
        texts = zip(names, ("a@example.com", "eve@evil.test"), strict=True)
        arguments = tuple(Argument(name=name, text=text, label=USER) for name, text in texts)
        call = ToolCall(server="mail", tool="send", arguments=arguments)
        assert allows.decide(call, now=NOW).effect is DENY
        assert denies.decide(call, now=NOW).effect is DENY


@pytest.mark.parametrize(
    "version", ["0.6.9", "0.6", "v0.6.9", "0.7.0rc1", "0.7.0.dev1", "0.6.9+patched", None, "patched", ""]
)
def test_a_vulnerable_version_passes_under_no_name(version: str | None) -> None:
    rules = (
        rule("all", ALLOW, section=Section.RUNTIMES, types=("runtime.run",)),
        rule(
            "cve",
            DENY,
            {"name": "ollama", "version": Before("0.7.0")},
            section=Section.RUNTIMES,
            types=("runtime.run",),
        ),
    )
    run = RuntimeRun(name="Ollama", version=version)
    assert engine(ruling(*rules)).decide(run, now=NOW).effect is DENY


@pytest.mark.parametrize(
    "license_id",
    [
        "CC-BY-NC-4.0",
        "MIT AND CC-BY-NC-4.0",
        "(MIT AND (cc-by-nc-4.0))",
        "MIT AND",
        "mit) or (mit",
        "see LICENSE file",
        None,
    ],
)
def test_a_forbidden_license_is_found_in_every_expression(license_id: str | None) -> None:
    of = {"section": Section.LICENSES, "types": ("model.use",)}
    rules = (rule("all", ALLOW, **of), rule("no", DENY, {"license": "cc-by-nc*"}, **of))
    decision = engine(ruling(*rules)).decide(ModelUse(name="m", formats=(), license=license_id), now=NOW)
    reason = next(each for each in decision.reasons if each.section is Section.LICENSES)
    assert (reason.effect, reason.rule) == (DENY, "no")


def test_the_clock_set_back_revives_only_what_had_not_ended_then() -> None:
    ended = rule("r", ALLOW, until=NOW)
    excepted = exemption("e", "no", {}, until=NOW)
    rules = engine(ruling(ended, rule("no", DENY, {"port": "80"}), exemptions=(excepted,)))
    connect = HostConnect(host="a.test", port=80)
    assert rules.decide(connect, now=NOW).effect is DENY
    assert rules.decide(connect, now=NOW - timedelta(days=1)).effect is ALLOW
    assert rules.decide(connect, now=NOW).effect is DENY  # what was decided before is not remembered for it


def test_ten_thousand_names_that_are_made_up_leave_nothing_behind() -> None:
    rules = engine(
        ruling(rule("r", ALLOW, {"host": "*.example.com"}), rule("no", DENY, {"program": "/bin/*"}))
    )
    for number in range(10_000):
        rules.decide(HostConnect(host=f"x{number}.example.com", port=number), now=NOW)
    assert len(rules._tables[HostConnect].kept) <= 4


def test_thousands_of_recipients_are_decided_in_time() -> None:
    """Each leads to the rule, which looks at all of them once."""
    allows = engine(ruling(rule("r", ALLOW, {"arguments.to": "*@example.com"}, types=("tool.call",))))
    many = tuple(Argument(name=f"to.{n}", text=f"u{n}@example.com", label=USER) for n in range(4_000))
    before = time.process_time()
    assert allows.decide(ToolCall(server="m", tool="send", arguments=many), now=NOW).effect is ALLOW
    assert time.process_time() - before < 1


def test_rules_that_cannot_be_filed_are_all_looked_at() -> None:
    rules = [rule(f"r{number}", DENY, {"port": AtLeast(70_000)}) for number in range(500)]
    last = rule("last", DENY, [condition("port", AtLeast(443)), condition("host", Unlike(("a.test",)))])
    decision = engine(ruling(rule("all", ALLOW), *rules, last)).decide(
        HostConnect(host="b.test", port=443), now=NOW
    )
    assert (decision.effect, decision.reasons[0].rule) == (DENY, "last")
