import json

import pytest

from ringfence.artifacts.feeds import (
    NO_FEEDS,
    Approved,
    BadFeed,
    Feeds,
    judge_digest,
    merged,
    parse_feed,
    template_digest,
)
from ringfence.core.digests import Sha256
from ringfence.core.findings import Confidence, Severity

_A, _B = Sha256("a" * 64), Sha256("b" * 64)


def _feed(schema: str, **rest: object) -> bytes:
    return json.dumps({"schema": f"ringfence.{schema}/1", **rest}).encode()


def test_bad_digests_are_read_from_json_and_from_lines_alike() -> None:
    listed = _feed("bad-digests", digests=[{"sha256": f"sha256:{_A}", "reason": "a miner"}, {"sha256": _B}])
    lines = f"\ufeff# ours\n\n{_A}  a miner\r\n{_B.upper()}\n{_A} again\n".encode()
    expected = Feeds(bad_digests={_A: "a miner", _B: ""})
    assert parse_feed(listed) == expected
    assert parse_feed(lines) == expected


def test_approved_names_and_templates_are_read() -> None:
    approved = _feed("approved", models=[{"name": "acme/chat", "revisions": ["4f1c"]}, {"name": "acme/b"}])
    assert parse_feed(approved).approved == (
        Approved(name="acme/chat", revisions=frozenset({"4f1c"})),
        Approved(name="acme/b"),
    )
    templates = _feed(
        "templates", templates=[{"model": "Acme/Chat", "sha256": _A}, {"model": "acme/chat", "sha256": _B}]
    )
    assert parse_feed(templates).templates == {"acme/chat": frozenset({_A, _B})}


@pytest.mark.parametrize(
    "data",
    [
        b'{"schema": "ringfence.bad-digests/2", "digests": []}',
        b'{"schema": "ringfence.bad-digests/1", "digests": [], "more": 1}',
        b'{"schema": "ringfence.bad-digests/1", "digests": [{"sha256": "abc"}]}',
        b'{"schema": "ringfence.bad-digests/1", "digests": [{"sha256": 1}]}',
        b'{"schema": "ringfence.bad-digests/1", "digests": ["x"]}',
        b'{"schema": "ringfence.approved/1", "models": [{"name": ""}]}',
        b'{"schema": "ringfence.approved/1", "models": [{"name": "a", "revisions": "all"}]}',
        b'{"schema": "ringfence.approved/1", "models": [{"name": "a", "owner": "x"}]}',
        b'{"schema": "ringfence.templates/1", "templates": {}}',
        b"{",
        b"a line of words",
        b"\xff\xfe",
    ],
)
def test_what_is_no_feed_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(BadFeed):
        parse_feed(data)


def test_a_digest_that_a_feed_names_is_malicious_for_certain() -> None:
    known = merged([NO_FEEDS, Feeds(bad_digests={_A: "a miner"}), Feeds(bad_digests={_A: "later"})])
    found = judge_digest(_A, known)
    assert found is not None
    assert (found.check, found.severity, found.confidence, found.evidence) == (
        "digest-known-bad",
        Severity.CRITICAL,
        Confidence.CERTAIN,
        (f"sha256 {_A}", "a miner"),
    )
    assert judge_digest(_B, known) is None


def test_line_ends_and_space_around_a_template_do_not_change_its_digest() -> None:
    assert template_digest("{{ a }}\r\nb\n") == template_digest("{{ a }}\nb")
    assert template_digest("{{ a }}\nb") != template_digest("{{ a }} \nb")
