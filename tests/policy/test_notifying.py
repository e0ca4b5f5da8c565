"""Who is told of questions, as documents say it."""

import ipaddress

import pytest

from ringfence.core.decisions import Place
from ringfence.policy.built_in import starter
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import read
from ringfence.policy.problems import PolicyRefused
from ringfence.policy.rule import Tier
from ringfence.policy.values import Operators, Switch, Webhook


def _operators(**texts: str) -> Operators:
    files = [
        PolicyFile(tier=Tier[tier.upper()], name=f"{tier}.yaml", data=f"version: 1\n{text}".encode())
        for tier, text in texts.items()
    ]
    return read(files).operators


def _notify(text: str) -> str:
    return f"operators: {{notify: {text}}}"


def _webhook(url: str) -> str:
    return _notify(f'{{webhook: {{url: "{url}"}}}}')


def test_the_starter_says_nothing_of_it() -> None:
    assert (read([starter()]).operators.desktop, read([starter()]).operators.webhooks) == (None, ())


def test_a_webhook_is_read_whole() -> None:
    text = """operators:
  notify:
    webhook:
      - url: https://Chat.Example.com:8443/hooks/1?room=2
        secret: ~/hook.key
        private: 10.0.0.7
        ca: /etc/ca.pem
"""
    assert _operators(user=text).webhooks == (
        Webhook(
            host="chat.example.com",
            port=8443,
            target="/hooks/1?room=2",
            secret="~/hook.key",
            private=(ipaddress.ip_network("10.0.0.7"),),
            ca="/etc/ca.pem",
            at=Place(file="user.yaml", line=5),
        ),
    )


def test_all_that_several_documents_name_is_told_and_one_no_keeps_the_desktop_out() -> None:
    one, two = "https://one.example.com", "https://two.example.com"
    found = _operators(
        system=_notify(f'{{desktop: true, webhook: {{url: "{one}"}}}}'),
        user=_notify(f'{{desktop: false, webhook: {{url: "{two}"}}}}'),
    )
    assert [each.host for each in found.webhooks] == ["one.example.com", "two.example.com"]
    assert [each.target for each in found.webhooks] == ["/", "/"]
    assert found.desktop == Switch(is_on=False, at=Place(file="user.yaml", line=2))


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example.com/",
        "https://ann:secret@chat.example.com/",
        "https://chat.example.com/#top",
        "https://chat.example.com:0/",
        "https://chat.example.com:65536/",
        "https://..example.com/",
        "https://0x7f000001/",
        "https://[::ffff:127.0.0.1]/",
        "https:///hooks",
        "https://chat.example.com/a b",
        "https://chat.example.com/\\r\\nX: 1",
        "https://exämple.com/",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(PolicyRefused):
        _operators(user=_webhook(url))


def test_what_is_refused_is_not_shown_with_its_path() -> None:
    """It may be the receiver's secret."""
    with pytest.raises(PolicyRefused) as refused:
        _operators(user=_webhook("https://chat.example.com:0/T0K3N"))
    assert "T0K3N" not in str(refused.value.problems)
    (found,) = _operators(user=_webhook("https://chat.example.com/T0K3N")).webhooks
    assert "T0K3N" not in repr(found)


def test_a_working_trees_document_tells_nobody() -> None:
    with pytest.raises(PolicyRefused) as refused:
        _operators(working_tree=_webhook("https://evil.example.net/"))
    assert [str(each) for each in refused.value.problems] == [
        "working_tree.yaml:2:1: a working tree's document has no `operators`"
    ]
