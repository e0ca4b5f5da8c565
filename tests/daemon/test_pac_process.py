"""A company's script, evaluated where it can do nothing but answer."""

import importlib.util
from pathlib import Path

import pytest

from needs import missing
from ringfence.protocols.pac import PacQuestion
from ringfence.wiring.automatic_proxy import NoAnswer, answer

_HAS_ENGINE = importlib.util.find_spec("quickjs") is not None


def _answer(body: str, *, host: str = "git.corp.test", address: str = "") -> str:
    if not _HAS_ENGINE:
        missing("QuickJS", "pip install quickjs-ng")
    script = f"function FindProxyForURL(url, host) {{ {body} }}"
    return answer(PacQuestion(script=script, url=f"https://{host}:443/", host=host, address=address))


@pytest.mark.parametrize(
    ("says", "is_so"),
    [
        ('shExpMatch(host, "*.corp.test")', True),
        ('shExpMatch(host, "g?t.*")', True),
        ('shExpMatch(host, "*.corp")', False),
        ('dnsDomainIs(host, ".corp.test")', True),
        ('localHostOrDomainIs("git", "git.corp.test")', True),
        ("isPlainHostName(host)", False),
        ("dnsDomainLevels(host) === 2", True),
        ('isInNet(host, "10.0.0.0", "255.0.0.0")', True),
        ('isInNet(host, "10.9.0.0", "255.255.0.0")', False),
        ('isInNet("192.168.1.2", "192.168.0.0", "255.255.0.0")', True),
        ('dnsResolve(host) === "10.1.2.3" && dnsResolve("other.test") === null', True),
        ('url === "https://git.corp.test:443/"', True),
        ('typeof require === "undefined" && typeof std === "undefined" && typeof os === "undefined"', True),
    ],
)
def test_its_functions_say_what_they_should(says: str, is_so: bool) -> None:
    found = _answer(f'return ({says}) ? "DIRECT" : "PROXY p.test:1";', address="10.1.2.3")
    assert found == ("DIRECT" if is_so else "PROXY p.test:1")


@pytest.mark.parametrize(
    "body",
    [
        "for (;;) {}",
        "const all = []; for (;;) { all.push(new Array(10000).fill(1)); }",
        "return FindProxyForURL(url, host);",
        'throw "no";',
        'return weekdayRange("MON");',
        "}}} no script at all",
    ],
    ids=["without an end", "with all memory", "deeper and deeper", "throws", "unknown function", "no script"],
)
def test_a_script_that_fails_or_takes_too_much_is_no_answer(body: str) -> None:
    with pytest.raises(NoAnswer, match="the proxy's script fails"):
        _answer(body)


def test_without_an_engine_what_would_help_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quickjs.py").write_text("raise ImportError('it is not installed')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NoAnswer, match="nothing here evaluates") as error:
        answer(PacQuestion(script="", url="", host="", address=""))
    assert error.value.hint == "pip install 'ringfence[pac]'"
