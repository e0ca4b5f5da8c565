"""Answers of automatic proxy configuration: what they mean, and that nothing else means anything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.protocols.pac import Direct, NoProxy, PacQuestion, Proxy, answer_of, call_of


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("DIRECT", Direct()),
        (" PROXY Proxy.test:3128 ; DIRECT", Proxy(host="proxy.test", port=3128, tls=False)),
        ("HTTPS p.test:443", Proxy(host="p.test", port=443, tls=True)),
        ("SOCKS s.test:1080; HTTP p.test:80", Proxy(host="p.test", port=80, tls=False)),
        ("SOCKS5 s.test:1080; DIRECT", Proxy(host="s.test", port=1080, tls=False, is_socks=True)),
        ("PROXY p.test:0; PROXY p.test:65536; DIRECT", Direct()),
        ("PROXY u@p.test; DIRECT", Direct()),
    ],
)
def test_the_first_that_is_understood_counts(text: str, meant: Direct | Proxy) -> None:
    assert answer_of(text) == meant


@pytest.mark.parametrize(
    "text", ["", "null", "SOCKS s.test:1080", "direct", "DIRECT p.test:1", "PROXY p.test"]
)
def test_what_names_nothing_that_is_spoken_is_no_answer(text: str) -> None:
    with pytest.raises(NoProxy):
        answer_of(text)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_every_text_is_an_answer_or_none(text: str) -> None:
    try:
        meant = answer_of(text)
    except NoProxy:
        return
    assert isinstance(meant, Direct) or 0 < meant.port < 65_536


def test_a_host_is_quoted_in_what_is_evaluated() -> None:
    question = PacQuestion(script="", url='u"', host='a"+b', address="")
    assert call_of(question) == 'String(FindProxyForURL("u\\"", "a\\"+b"))'
